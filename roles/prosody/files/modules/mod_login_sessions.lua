-- Asks the login service whether the sessions still exist by which users have connected, and who of them is a moderator
-- now: every login_check_seconds, and at once after a reload. A connection whose session has ended is ended. While the
-- service does not answer everybody stays who he is.
--
-- On its Unix socket (login_socket) the service answers POST /_login/current; programs/login documents it.
-- Fires jitsi-moderators-changed (global) when somebody's session.jitsi_directory_moderator is another than before.

local json = require "util.json";
local server = require "net.server";
local timer = require "util.timer";
local unix = require "socket.unix";

local path = module:get_option_string("login_socket", "/run/jitsi-login/http.sock");
local interval = module:get_option_number("login_check_seconds", 15);
-- The service answers within 8 seconds; this is for one that does not.
local TIMEOUT = 12;
local REQUEST = "POST /_login/current HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s";

local function connect()
	local conn = (type(unix) == "table" and unix.stream or unix)();
	conn:settimeout(0);
	if conn:connect(path) then return conn; end
	conn:close();
end

-- Calls answered(answer) once, with nothing when there is none.
local function ask(question, answered)
	local conn = connect();
	if not conn then return answered(nil); end
	local received, late, handle = "", nil, nil;
	local function finish()
		if not late then return; end
		timer.stop(late);
		late = nil;
		handle:close();
		local body = received:match("^HTTP/1%.%d 200 .-\r\n\r\n(.*)$");
		answered(body and json.decode(body));
	end
	handle = server.wrapclient(conn, "jitsi-login", 0, {
		onconnect = function () end;
		onincoming = function (_, data) received = received .. data; end;
		ondisconnect = finish;
	}, "*a");
	late = timer.add_task(TIMEOUT, finish);
	handle:write(REQUEST:format(#question, question));
end

-- The connections of users by the login service's sessions.
local function connections()
	local found = {};
	for _, user in pairs(prosody.hosts[module.host].sessions) do
		for _, session in pairs(user.sessions) do
			local id = session.jitsi_login_session;
			if id then
				found[id] = found[id] or {};
				table.insert(found[id], session);
			end
		end
	end
	return found;
end

-- Who waits for a lost connection is left alone until he is back: without a new token there is no other way.
local function end_session(session)
	if session.destroyed or session.hibernating then return; end
	session:close({ condition = "not-authorized", text = "This login has ended. / Diese Anmeldung ist beendet." });
end

local function follow(asked, answer)
	local changed = false;
	for id, sessions in pairs(asked) do
		local moderator = answer[id];
		for _, session in ipairs(sessions) do
			if moderator == nil then
				end_session(session);
			elseif session.jitsi_directory_moderator ~= moderator then
				session.jitsi_directory_moderator, changed = moderator, true;
			end
		end
	end
	if changed then prosody.events.fire_event("jitsi-moderators-changed"); end
end

local function check(fresh)
	local asked, ids = connections(), {};
	for id in pairs(asked) do table.insert(ids, id); end
	if #ids == 0 then return; end
	ask(json.encode({ sessions = ids, fresh = fresh }), function (answer)
		if type(answer) == "table" then
			follow(asked, answer);
		else
			module:log("error", "the login service does not answer: who is logged in stays so for now");
		end
	end);
end

module:add_timer(interval, function ()
	check(false);
	return interval;
end);
module:hook_global("config-reloaded", function () check(true); end);
