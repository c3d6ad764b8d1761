-- Logins of people who are in the customer's directory (LDAP, Active Directory). The daemon jitsi-directory asks it; this
-- module asks the daemon on its Unix socket, one line of JSON out and one in:
--   { "user": "anna", "password": "...", "address": "192.0.2.7" } ->
--   { "result": "yes|no|away", "name": "anna", "moderator": false, "why": "" }
-- The address is the visitor's, as the web server says: it keeps visitors out of each other's way.
-- While one login waits for a slow directory everybody else goes on: only the session's own thread sleeps.
--
-- What others read of the session afterwards:
--   jitsi_directory_moderator  true for members of the moderators' group
-- The name of the account is the one the directory has, whatever spelling was typed.

local async = require "util.async";
local json = require "util.json";
local new_sasl = require "util.sasl".new;
local server = require "net.server";
local timer = require "util.timer";
local unix = require "socket.unix";

local path = module:get_option_string("directory_socket", "/run/jitsi-directory/socket");
-- The daemon answers within 8 seconds; this is for a daemon that does not.
local timeout = module:get_option_number("directory_timeout", 12);

local AWAY = { result = "away" };
local SORRY = "The directory of user accounts cannot be reached. Please try again in a moment. / "
	.. "Das Benutzerverzeichnis ist nicht erreichbar. Bitte gleich noch einmal versuchen.";

local function connect()
	local conn = (type(unix) == "table" and unix.stream or unix)();
	conn:settimeout(0);
	local ok, err = conn:connect(path);
	if ok then return conn; end
	conn:close();
	return nil, err;
end

-- The daemon's answer, always a table with a result.
local function ask(user, password, session)
	local conn, err = connect();
	if not conn then
		module:log("error", "jitsi-directory does not answer at %s: %s", path, err);
		return AWAY;
	end
	local wait, done = async.waiter();
	local received, handle, answer = "", nil, nil;
	local function finish(result)
		if answer then return; end
		answer = result;
		handle:close();
		-- Who has hung up gets no answer: prosody would stumble over what is left of the session.
		if not (session and session.destroyed) then done(); end
	end
	handle = server.wrapclient(conn, "jitsi-directory", 0, {
		onconnect = function () end;
		onincoming = function (_, data)
			received = received .. data;
			local line = received:match("^[^\n]+");
			if received:find("\n", 1, true) then finish(line and json.decode(line) or AWAY); end
		end;
		ondisconnect = function () finish(AWAY); end;
	}, "*a");
	local question = { user = user, password = password, address = session and session.ip or "" };
	handle:write(json.encode(question) .. "\n");
	local late = timer.add_task(timeout, function () finish(AWAY); end);
	wait();
	timer.stop(late);
	return answer;
end

local provider = {};

function provider.test_password(username, password)
	return ask(username, password).result == "yes";
end

function provider.get_sasl_handler(session)
	local answer;
	-- No nodeprep: what is typed goes to the directory as it is, and the directory says what the account is called.
	local handler = new_sasl(module.host, { nodeprep = false, plain_test = function (self, username, password)
		answer = ask(username, password, session);
		if answer.result ~= "yes" then return false, true; end
		self.username = answer.name;
		session.jitsi_directory_moderator = answer.moderator == true;
		return true, true;
	end });
	local process = handler.process;
	function handler:process(message)
		answer = nil;
		local status, condition, text = process(self, message);
		if answer and answer.result ~= "yes" and answer.result ~= "no" then
			return "failure", "temporary-auth-failure", SORRY;
		end
		return status, condition, text;
	end
	function handler.clean_clone()
		return provider.get_sasl_handler(session);
	end
	return handler;
end

-- Whoever could log in is for others to know: asked by modules about people who are, or were, here.
function provider.user_exists() return true; end

local function elsewhere() return nil, "Accounts are made and changed in the directory."; end
provider.create_user = elsewhere;
provider.delete_user = elsewhere;
provider.set_password = elsewhere;

module:provides("auth", provider);
