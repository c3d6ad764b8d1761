-- STAND-IN, not Jitsi's own: whoever logged in with a token for one room enters no other. Admins, sessions without a
-- token, and hosts and accounts in token_verification_allowlist pass.
-- Left out: room settings being refused to sessions without a token.

local st = require "util.stanza";
local lib = module:require "stand_in";

local tokens = module:require "token/util".new(module:context(module.host:match("^%w+%.(.+)")));
local allowed = module:get_option_set("token_verification_allowlist", {});

local function check(event)
	local from = event.stanza.attr.from;
	if lib.is_admin(from) or lib.listed(allowed, from) then return; end
	local ok, condition, reason = tokens:verify_room(event.origin, event.stanza.attr.to);
	if ok then return; end
	module:log("error", "the token %s is not for %s: %s, %s", event.origin.auth_token, event.stanza.attr.to, condition, reason);
	local answer = st.error_reply(event.stanza, "cancel", "not-allowed", reason);
	event.origin.send(answer:tag(condition, { xmlns = "http://jitsi.org/jitmeet" }));
	return true;
end

module:hook("muc-room-pre-create", check, 99);
module:hook("muc-occupant-pre-join", check, 99);
