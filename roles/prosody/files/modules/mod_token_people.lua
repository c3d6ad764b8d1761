-- What a token says of the person who logs in with it, for mod_muc_moderators to decide by. Whether the token is good
-- Jitsi's own mod_auth_token has judged before; a session's name is a random one, so the person's has to be in there.
--
-- A claim is named by its path, for example context.user.id.
--   token_login_claim      path of the login; without it nobody gets in
--   token_moderator_claim  path of what makes a moderator
--   token_moderator_value  what that is then, or what is in its list; without it the claim has to be true
--   token_people_file      with it a token (claim jti) is good once, for one room (claim room), and for those in this file
--                          alone: JSON, login to a text that is another after a change of password. A reload ends the
--                          sessions of the others. Jitsi's own asap_require_room_claim stumbles over tokens without one.
-- Refused, too, are tokens that never end: who was shown one once would be in for ever.

local json = require "util.json";

local login_claim = module:get_option_string("token_login_claim", "");
local moderator_claim = module:get_option_string("token_moderator_claim", "context.user.moderator");
local moderator_value = module:get_option_string("token_moderator_value");
local people_file = module:get_option_string("token_people_file");
-- Clocks of tokens count seconds, and end with the last one.
local MARGIN = 5;
-- Login to text, and tokens that were used to their end.
local people, used = {}, {};

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
	if type(claims.exp) ~= "number" or not login then return false; end
	return not people_file or people[login] and type(claims.room) == "string" and is_new(claims);
end

module:hook_global("jitsi-authentication-token-verified", function (event)
	local session, claims = event.session, event.claims;
	if session.host ~= module.host then return; end
	local login = login_of(claims);
	session.jitsi_directory_login = is_good(claims, login) and login or nil;
	session.jitsi_directory_moderator = is_moderator(claims);
	session.jitsi_login_stamp = people[session.jitsi_directory_login];
end);

module:hook_global("post-jitsi-authentication", function (session)
	if session.host ~= module.host or session.jitsi_directory_login then return; end
	return { res = false, error = "not-allowed", reason = "The token names nobody or no room, never ends, or was used." };
end);

if not people_file then return; end

local function read_people()
	local file, fault = io.open(people_file);
	local read = file and json.decode(file:read("a"));
	if file then file:close(); end
	if type(read) == "table" then
		people = read;
	else
		module:log("error", "who may log in stays as it was, because of %s: %s", people_file, fault or "no JSON");
	end
end

-- Who waits for a lost connection is left alone: without a new token there is no way back.
local function end_sessions()
	for _, user in pairs(prosody.hosts[module.host].sessions) do
		for _, session in pairs(user.sessions) do
			local login = session.jitsi_directory_login;
			if not session.hibernating and not (login and people[login] == session.jitsi_login_stamp) then
				session:close({ condition = "not-authorized", text = "This account is no more, or has another password." });
			end
		end
	end
end

read_people();
module:hook_global("config-reloaded", function ()
	read_people();
	end_sessions();
end);
