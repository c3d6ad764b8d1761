-- STAND-IN, not Jitsi's own: one password for every name there could be (shared_secret; shared_secret_prev, the one
-- before, is good for PLAIN alone). Without one nobody logs in.

local new_sasl = require "util.sasl".new;
local equals = require "util.hashes".equals;

local secret = module:get_option_string("shared_secret");
local before = module:get_option_string("shared_secret_prev");
if not secret then
	module:log("error", "shared_secret is missing");
	return;
end

local provider = {};

local function unsupported()
	return nil, "There are no accounts here.";
end

provider.set_password = unsupported;
provider.create_user = unsupported;
provider.delete_user = unsupported;

function provider.test_password(_, password)
	return equals(password, secret) or before ~= nil and equals(password, before);
end

function provider.get_password()
	return secret;
end

function provider.user_exists()
	return true;
end

function provider.get_sasl_handler()
	return new_sasl(module.host, { plain = function () return secret, true; end });
end

module:provides("auth", provider);
