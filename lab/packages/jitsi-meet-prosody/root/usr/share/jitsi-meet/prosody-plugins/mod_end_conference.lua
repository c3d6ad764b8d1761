-- STAND-IN, not Jitsi's own: a moderator ends the conference for everybody.

local lib = module:require "stand_in";

module:depends("jitsi_session");

module:hook("message/host", function (event)
	if not event.stanza:get_child("end_conference") then return; end
	local room = lib.asker(event, true);
	if not room then return; end
	room:destroy(nil, "The meeting was ended.");
	return true;
end);

lib.announce("end_conference");
