-- STAND-IN, not Jitsi's own: prosodyctl mod_roster_command subscribe USER_JID CONTACT_JID
-- USER_JID (an account or a component) may see CONTACT_JID's presence from then on; unsubscribe takes it back.

local jid = require "util.jid";
local storagemanager = require "core.storagemanager";

local function edit(owner, other, subscription)
	local username, host = jid.split(owner);
	if not username then return; end -- a component has no roster
	storagemanager.initialize_host(host); -- outside a running prosody nobody else does
	local store = assert(storagemanager.open(host, "roster"));
	local roster = store:get(username) or { [false] = { version = 0, pending = {} } };
	local both = { from = "to", to = "from" };
	local item = roster[other] or { subscription = "none", groups = {} };
	if not subscription then
		item = nil;
	elseif item.subscription == both[subscription] or item.subscription == "both" then
		item.subscription = "both";
	else
		item.subscription = subscription;
	end
	roster[other] = item;
	assert(store:set(username, roster));
end

function module.command(arg)
	local verb, user, contact = arg[1], jid.prep(arg[2]), jid.prep(arg[3]);
	if not (user and contact) or (verb ~= "subscribe" and verb ~= "unsubscribe") then
		print("Usage: prosodyctl mod_roster_command (subscribe|unsubscribe) USER_JID CONTACT_JID");
		return 1;
	end
	local subscribe = verb == "subscribe";
	edit(contact, user, subscribe and "from");
	edit(user, contact, subscribe and "to");
	return 0;
end
