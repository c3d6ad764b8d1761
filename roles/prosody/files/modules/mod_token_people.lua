-- What a token of the login service says of the person who logs in with it, for mod_muc_moderators to decide by. Whether
-- the token is good Jitsi's own mod_auth_token has judged before; a session's name is a random one, so the person's has
-- to be in there: claim sub, with context.user.moderator for a moderator.
--
-- A token (claim jti) is good once and for one room (claim room). Jitsi's own asap_require_room_claim stumbles over tokens
-- without one. Refused, too, are tokens that never end: who was shown one once would be in for ever.
-- What others read of the session afterwards:
--   jitsi_directory_login, jitsi_directory_moderator   who it is, and whether a moderator
--   jitsi_login_session                                the session at the login service (claim sid), if it names one

-- Clocks of tokens count seconds, and end with the last one.
local MARGIN = 5;
-- Tokens that were used, to their end.
local used = {};

local function login_of(claims)
	local login = claims.sub;
	if type(login) == "string" and login:match("^[^%c]+$") and #login <= 255 then return login:lower(); end
end

local function is_moderator(claims)
	local user = type(claims.context) == "table" and claims.context.user;
	return type(user) == "table" and user.moderator == true;
end

-- Is it the first time that the token is seen?
local function is_new(claims)
	local now = os.time();
	for id, ends in pairs(used) do
		if ends < now then used[id] = nil; end
	end
	if type(claims.jti) ~= "string" or used[claims.jti] then return false; end
	used[claims.jti] = claims.exp + MARGIN;
	return true;
end

local function is_good(claims, login)
	return login and type(claims.exp) == "number" and type(claims.room) == "string" and is_new(claims);
end

module:hook_global("jitsi-authentication-token-verified", function (event)
	local session, claims = event.session, event.claims;
	if session.host ~= module.host then return; end
	local login = login_of(claims);
	session.jitsi_directory_login = is_good(claims, login) and login or nil;
	session.jitsi_directory_moderator = is_moderator(claims);
	session.jitsi_login_session = type(claims.sid) == "string" and claims.sid or nil;
end);

module:hook_global("post-jitsi-authentication", function (session)
	if session.host ~= module.host or session.jitsi_directory_login then return; end
	return { res = false, error = "not-allowed", reason = "The token names nobody or no room, never ends, or was used." };
end);
