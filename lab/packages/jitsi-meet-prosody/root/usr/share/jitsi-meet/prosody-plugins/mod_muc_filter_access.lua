-- STAND-IN, not Jitsi's own: nobody enters this component but people of the hosts in muc_filter_whitelist.

local jid = require "util.jid";

local whitelist = module:get_option_set("muc_filter_whitelist", {});

local function filter(event)
	if whitelist:contains(jid.host(event.stanza.attr.from)) then return; end
	module:log("error", "no presence is taken from there: %s", event.stanza:top_tag());
	return true;
end

for _, form in ipairs { "bare", "full", "host" } do
	module:hook("presence/" .. form, filter, 2000);
end
