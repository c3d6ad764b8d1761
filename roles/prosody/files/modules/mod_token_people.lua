-- What a token says of the person who logs in with it, for mod_muc_moderators to decide by. Whether the token is good
-- Jitsi's own mod_auth_token has judged before; a session's name is a random one, so the person's has to be in there.
--
-- A claim is named by its path, for example context.user.id.
--   token_login_claim      path of the login; without it nobody gets in
--   token_moderator_claim  path of what makes a moderator
--   token_moderator_value  what that is then, or what is in its list; without it the claim has to be true
-- Refused, too, are tokens that never end: who was shown one once would be in for ever.

local login_claim = module:get_option_string("token_login_claim", "");
local moderator_claim = module:get_option_string("token_moderator_claim", "context.user.moderator");
local moderator_value = module:get_option_string("token_moderator_value");

local function claim(claims, path)
	local value = claims;
	for key in path:gmatch("[^.]+") do
		if type(value) ~= "table" then return nil; end
		value = value[key];
	end
	return value;
end

local function login_of(claims)
	local login = claim(claims, login_claim);
	if type(login) == "string" and login:match("^[^%c]+$") and #login <= 255 then return login:lower(); end
end

local function is_moderator(claims)
	local value = claim(claims, moderator_claim);
	if not moderator_value then return value == true or value == "true"; end
	for _, each in ipairs(type(value) == "table" and value or { value }) do
		if each == moderator_value then return true; end
	end
	return false;
end

module:hook_global("jitsi-authentication-token-verified", function (event)
	local session, claims = event.session, event.claims;
	if session.host ~= module.host then return; end
	session.jitsi_directory_login = type(claims.exp) == "number" and login_of(claims) or nil;
	session.jitsi_directory_moderator = is_moderator(claims);
end);

module:hook_global("post-jitsi-authentication", function (session)
	if session.host ~= module.host or session.jitsi_directory_login then return; end
	return { res = false, error = "not-allowed", reason = "The token names nobody, or never ends." };
end);
