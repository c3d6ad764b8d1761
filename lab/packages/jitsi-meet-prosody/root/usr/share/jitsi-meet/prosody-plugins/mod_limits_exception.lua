-- STAND-IN, not Jitsi's own: sessions of unlimited_jids (focus, bridges) may send big stanzas.
-- The rate limits are lifted by prosody's mod_limits, which reads the same option.

local jid_bare = require "util.jid".bare;

local unlimited = module:get_option_inherited_set("unlimited_jids", {});

module:hook("resource-bind", function (event)
	local session = event.session;
	if unlimited:contains(jid_bare(session.full_jid)) and session.stream and session.stream.set_stanza_size_limit then
		session.stream:set_stanza_size_limit(10 * 1024 * 1024);
	end
end);
