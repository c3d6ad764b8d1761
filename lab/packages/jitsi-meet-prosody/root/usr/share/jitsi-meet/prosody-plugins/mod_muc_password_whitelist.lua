-- STAND-IN, not Jitsi's own: members of muc_password_whitelist (addresses or hosts) need no room password.

local lib = module:require "stand_in";

local MUC = "http://jabber.org/protocol/muc";

local whitelist = module:get_option_set("muc_password_whitelist", {});

module:hook("muc-occupant-pre-join", function (event)
	local password = event.room:get_password();
	local stanza = event.stanza;
	if not password or not lib.listed(whitelist, stanza.attr.from) then return; end
	local join = stanza:get_child("x", MUC);
	if join and not join:get_child("password", MUC) then
		join:tag("password", { xmlns = MUC }):text(password):up();
	end
end, 8);
