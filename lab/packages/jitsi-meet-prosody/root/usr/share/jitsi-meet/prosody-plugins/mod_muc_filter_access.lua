-- STAND-IN, not Jitsi's own: only hosts in muc_filter_whitelist may speak to this component.

local jid = require "util.jid";

local whitelist = module:get_option_set("muc_filter_whitelist", {});

local function filter(event)
	local from = event.stanza.attr.from;
	if not whitelist:contains(jid.host(from)) then
		module:log("debug", "dropped a stanza of %s", from);
		return true;
	end
end

for _, kind in ipairs { "presence", "message", "iq" } do
	for _, form in ipairs { "bare", "full", "host" } do
		module:hook(kind .. "/" .. form, filter, 1000);
	end
end
