-- STAND-IN, not Jitsi's own: keeps what a session's address asks for: ?token=, or "Authorization: Bearer ..."; ?room=,
-- ?prefix= and ?previd=. Nothing of it is true before somebody has judged it.
-- Left out: customusername, the region.

module:set_global();

local formdecode = require "util.http".formdecode;

local function read(event)
	local session, request = event.session, event.request;
	local asked = request.url.query and formdecode(request.url.query) or {};
	session.auth_token = asked.token or (request.headers.authorization or ""):match("^Bearer (.+)$");
	session.jitsi_web_query_room, session.jitsi_web_query_prefix = asked.room, asked.prefix or "";
	session.previd = asked.previd;
	session.user_agent_header = request.headers.user_agent;
end

module:hook_global("bosh-session", read, 1);
module:hook_global("websocket-session", read, 1);
