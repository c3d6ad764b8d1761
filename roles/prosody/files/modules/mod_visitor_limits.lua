-- What one visitor can take from the others: a number of sessions for each address, and of stanzas a second for each
-- session. In IPv6 everybody has a /64, so that is an address here. Relays are shared by coturn, which has a quota for
-- each name in a credential, whatever its time (user-quota): so the name is the address, under a key.
--
--   sessions_per_address  sessions at the same time, logged in or not; 0 for no limit
--   stanzas_per_second    what a session may send in the long run; the rest is answered with an error and dropped
--   stanzas_at_once       what it may send at once, such as a moderator who mutes everybody
-- Accounts in unlimited_jids may send what they like. Sessions of bridges, jicofo and gateways come in over 5222 and are
-- not counted.

module:set_global();

local base64 = require "util.encodings".base64;
local filters = require "util.filters";
local hashes = require "util.hashes";
local jid_bare = require "util.jid".bare;
local pton = require "util.net".pton;
local st = require "util.stanza";
local throttle = require "util.throttle";

local most = module:get_option_number("sessions_per_address", 0);
local rate = module:get_option_number("stanzas_per_second", 20);
local burst = module:get_option_number("stanzas_at_once", 400);
local unlimited = module:get_option_set("unlimited_jids", {});

local sessions_of = {}; -- by network

local function network(address)
	local packed = pton(address);
	return packed and #packed == 16 and packed:sub(1, 8) or address;
end

-- How many of the network's sessions are still there.
local function count(sessions)
	local number = 0;
	for session in pairs(sessions) do
		if session.destroyed then sessions[session] = nil; else number = number + 1; end
	end
	return number;
end

local function admit(event)
	local session = event.session;
	local key = network(session.ip);
	local sessions = sessions_of[key] or {};
	sessions_of[key] = sessions;
	if most > 0 and count(sessions) >= most then
		module:log("warn", "an address has all the sessions it may have (sessions_per_address)");
		-- Once it is open, or there is nothing to close.
		module:add_timer(0, function ()
			session:close({ condition = "resource-constraint", text = "Too many sessions from your address." });
		end);
		return;
	end
	sessions[session] = true;
end

module:hook("websocket-session", admit, 10);
module:hook("bosh-session", admit, 10);

module:add_timer(60, function ()
	for key, sessions in pairs(sessions_of) do
		if count(sessions) == 0 then sessions_of[key] = nil; end
	end
	return 60;
end);

local function slow_down(stanza, session)
	local is_stanza = stanza.attr and not stanza.attr.xmlns; -- the others belong to the stream itself
	if not is_stanza or session.stanza_throttle:poll(1) then return stanza; end
	module:log("warn", "a session sends more than it may (stanzas_per_second)");
	if stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		session.send(st.error_reply(stanza, "wait", "resource-constraint"));
	end
end

-- Relays do not learn the address: it is hashed with their secret.
local function name_visitor(secret, event)
	local visitor = hashes.hmac_sha256(secret, "visitor " .. network(event.origin.ip), true):sub(1, 16);
	for _, service in ipairs(event.services) do
		if service.restricted then
			service.username = service.username .. ":" .. visitor;
			service.password = base64.encode(hashes.hmac_sha1(secret, service.username));
		end
	end
end

function module.add_host(host)
	local relays_secret = host:get_option_string("external_service_secret");
	for _, answer in ipairs({ "services", "credentials" }) do
		host:hook("external_service/" .. answer, function (event) name_visitor(relays_secret, event); end);
	end
	host:hook("resource-bind", function (event)
		local session = event.session;
		if unlimited:contains(jid_bare(session.full_jid)) or session.stanza_throttle then return; end
		session.stanza_throttle = throttle.create(burst, burst / rate);
		filters.add_filter(session, "stanzas/in", slow_down);
	end);
end
