-- STAND-IN, not Jitsi's own: takes in who speaks, of people who are in the room they name.
-- Left out: counting it, and telling it.

local lib = module:require "stand_in";

module:hook("message/host", function (event)
	local news = event.stanza:get_child("speakerstats", "http://jitsi.org/jitmeet");
	if event.stanza.attr.type == "error" or not news then return; end
	local room = news.attr.room and lib.room(news.attr.room);
	if not room then
		module:log("warn", "there is no room %s", news.attr.room);
	elseif not room:get_occupant_by_real_jid(event.stanza.attr.from) then
		module:log("warn", "%s is not in %s", event.stanza.attr.from, news.attr.room);
	end
	return true;
end);

lib.announce("speakerstats");
