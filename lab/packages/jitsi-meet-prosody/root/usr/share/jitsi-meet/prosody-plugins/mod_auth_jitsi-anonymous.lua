-- STAND-IN, not Jitsi's own: anonymous login with a random user name, or with the name of the session it comes after.

local new_sasl = require "util.sasl".new;
local lib = module:require "stand_in";

module:depends("jitsi_session");

local provider = {};

local function unsupported()
	return nil, "Only anonymous logins here.";
end

provider.test_password = unsupported;
provider.get_password = unsupported;
provider.set_password = unsupported;
provider.create_user = unsupported;
provider.delete_user = unsupported;

function provider.user_exists(username)
	local sessions = prosody.hosts[module.host].sessions;
	return sessions and sessions[username] ~= nil;
end

function provider.users()
	return next, prosody.hosts[module.host].sessions, nil;
end

function provider.get_sasl_handler(session)
	return new_sasl(module.host, { anonymous = function (handler)
		handler.username = lib.resumed_name(session);
		if not handler.username then session.auth_token = nil; end
		return true;
	end });
end

module:provides("auth", provider);
