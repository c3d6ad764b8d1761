-- STAND-IN, not Jitsi's own: hands requests sent to this component to the session of target_address, and the
-- answers back, so that clients reach the focus without knowing its address.
-- The asker's address travels as the resource: focus.DOMAIN/asker@host/resource.
-- The component learns of the target's session by presence, so it works only when the target's roster lets
-- this component see it (prosodyctl mod_roster_command subscribe focus.DOMAIN focus@auth.DOMAIN).

if module:get_host_type() ~= "component" then
	error("client_proxy should be loaded as a component", 0);
end

local jid = require "util.jid";
local st = require "util.stanza";

local target = assert(module:get_option_string("target_address"), "client_proxy needs target_address");
local sessions = {};

local function probe()
	module:send(st.presence({ type = "probe", from = module.host, to = target }));
end

local function seen(event)
	local stanza = event.stanza;
	local from, kind = stanza.attr.from, stanza.attr.type;
	if jid.bare(from) ~= target then return true; end
	if kind == nil and jid.resource(from) then
		if not sessions[from] then module:log("info", "target %s is there", from); end
		sessions[from] = true;
	elseif kind == "unavailable" then
		if sessions[from] then module:log("info", "target %s has left", from); end
		sessions[from] = nil;
	elseif kind == "unsubscribed" or kind == "error" then
		module:log("warn", "%s does not show its presence to %s: no roster entry?", target, module.host);
	end
	return true;
end

module:hook("presence/host", seen);
module:hook("presence/full", seen);
module:hook("presence/bare", seen);

local function from_target(origin, stanza)
	local asker = jid.resource(stanza.attr.to);
	if not asker or not jid.prep(asker) then
		if stanza.attr.type == "get" or stanza.attr.type == "set" then
			origin.send(st.error_reply(stanza, "cancel", "service-unavailable"));
		end
		return true;
	end
	local forward = st.clone(stanza);
	forward.attr.from, forward.attr.to = module.host, asker;
	module:send(forward);
	return true;
end

local function to_target(origin, stanza)
	if stanza.attr.type == "error" or stanza.attr.type == "result" then return true; end
	local session = next(sessions);
	if not session then
		module:log("warn", "no session of %s for the request of %s", target, stanza.attr.from);
		origin.send(st.error_reply(stanza, "cancel", "service-unavailable", "The focus is not logged in"));
		return true;
	end
	local forward = st.clone(stanza);
	forward.attr.from, forward.attr.to = jid.join(nil, module.host, stanza.attr.from), session;
	module:send(forward);
	return true;
end

local function proxy(event)
	if jid.bare(event.stanza.attr.from) == target then
		return from_target(event.origin, event.stanza);
	end
	return to_target(event.origin, event.stanza);
end

module:hook("iq/host", proxy, -1);
module:hook("iq/full", proxy, -1);

function module.ready()
	probe();
end
