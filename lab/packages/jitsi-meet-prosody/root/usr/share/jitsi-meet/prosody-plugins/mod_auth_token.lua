-- STAND-IN, not Jitsi's own: a login by JSON Web Token, which came with the session's address. On the line it is the
-- mechanism ANONYMOUS, and the user name is a random one, or the one of the session it comes after.
-- Left out: keys that other modules bring, bans, names that other modules choose, resuming with another token.

local sasl = require "util.sasl";
local lib = module:require "stand_in";

local tokens = module:require "token/util".new(module);

module:depends("jitsi_session");

local provider = {};

local function unsupported()
	return nil, "Only logins by token here.";
end

provider.test_password = unsupported;
provider.get_password = unsupported;
provider.set_password = unsupported;
provider.create_user = unsupported;
provider.delete_user = unsupported;
provider.user_exists = unsupported;

local function refuse(session, condition, reason)
	module:log("warn", "token refused: %s, %s (tenant %s, room %s, agent %s)", condition, reason,
		session.jitsi_web_query_prefix, session.jitsi_web_query_room, session.user_agent_header);
	session.auth_token = nil;
	return false, condition, reason;
end

function provider.get_sasl_handler(session)
	return sasl.new(module.host, { anonymous = function (handler)
		local ok, condition, reason = tokens:process_and_verify_token(session);
		if not ok then return refuse(session, condition, reason); end
		local after = prosody.events.fire_event("post-jitsi-authentication", session);
		if after and after.res == false then return refuse(session, after.error, after.reason); end
		handler.username = lib.resumed_name(session);
		return true;
	end });
end

module:provides("auth", provider);
