-- prosodyctl mod_declared_accounts: gives hosts exactly the accounts it reads, through prosody's own storage manager.
-- On standard input, so that no password stands on a command line:
--   { "hosts": { host: { name: password } }, "subscribers": { "name@host": [jid] }, "dry": false }
-- The last line it prints is what changed, or with "dry" would change:
--   { "added": ["name@host"], "updated": [], "removed": [], "subscribed": [] }

if module.host ~= "*" then return; end -- it is for prosodyctl alone

local array = require "util.array";
local hashers = require "util.sasl.scram".hashers;
local hex = require "util.hex";
local jid = require "util.jid";
local json = require "util.json";
local lfs = require "lfs";
local startup = require "util.startup";
local storagemanager = require "core.storagemanager";
local uuid = require "util.uuid";

local ITERATIONS = 10000; -- prosody's own
local FEWEST_ITERATIONS, MOST_ITERATIONS = 4096, 1000000; -- RFC 5802, and what is derived in about a second
local STEPS = 1000000; -- a stored table of any size we write is loaded in far fewer

local to_keys = hashers["SHA-1"];

local function keys_of(password, salt, iterations)
	local fine, stored_key, server_key = to_keys(password, salt, iterations);
	assert(fine, "this password cannot be used");
	return hex.encode(stored_key), hex.encode(server_key);
end

local function new_account(password)
	local salt = uuid.generate();
	local stored_key, server_key = keys_of(password, salt, ITERATIONS);
	return { salt = salt, iteration_count = ITERATIONS, stored_key = stored_key, server_key = server_key };
end

-- Does the stored account let this password in, and no other?
local function lets_in(account, password)
	if account.disabled or account.password ~= nil then return false; end
	local salt, iterations = account.salt, account.iteration_count;
	if type(salt) ~= "string" or salt == "" or math.type(iterations) ~= "integer" then return false; end
	if iterations < FEWEST_ITERATIONS or iterations > MOST_ITERATIONS then return false; end
	local stored_key, server_key = keys_of(password, salt, iterations);
	return account.stored_key == stored_key and account.server_key == server_key;
end

-- What is stored for the name; an empty table for what is none. Stored files are programs: one that does not end does here.
local function load(store, name)
	debug.sethook(function () error("this is no stored table"); end, "", STEPS);
	local loaded, value = pcall(store.get, store, name);
	debug.sethook();
	return loaded and type(value) == "table" and value or {};
end

local function has_file(host, store, name)
	return lfs.symlinkattributes(storagemanager.olddm.getpath(name, host, store), "mode") ~= nil;
end

local function remove(name, host)
	storagemanager.purge(name, host); -- everything stored for the name; it never says that something failed
	return not has_file(host, "accounts", name), "the account " .. name .. " cannot be removed";
end

local function sorted_keys(map)
	local keys = array();
	for key in pairs(map) do keys:push(key); end
	return keys:sort();
end

-- Hosts are gone through one by one: in prosodyctl they share their events, so that a second host's storage would take
-- the place of the first one's.
local function open(host)
	prosody.hosts[host] = prosody.hosts[host] or startup.make_host(host); -- a dry run is ahead of the configuration
	storagemanager.initialize_host(host);
	return assert(storagemanager.open(host, "accounts")), assert(storagemanager.open(host, "roster"));
end

local function undeclared(store, host, declared)
	local names = {};
	for name in store:users() do
		if not declared[name] and has_file(host, "accounts", name) then names[name] = true; end
	end
	return sorted_keys(names);
end

-- The roster with these as subscribers too; nothing when they are.
local function with_subscribers(roster, subscribers)
	local changed = false;
	for _, subscriber in ipairs(subscribers) do
		local entry = roster[subscriber];
		local subscription = type(entry) == "table" and entry.subscription;
		if subscription ~= "from" and subscription ~= "both" then
			roster[subscriber], changed = { subscription = "from", groups = {} }, true;
		end
	end
	roster[false] = roster[false] or { version = 1 };
	return changed and roster or nil;
end

local function converge(declaration)
	local done = { added = array(), updated = array(), removed = array(), subscribed = array() };
	local function change(kind, address, apply, ...)
		done[kind]:push(address);
		if not declaration.dry then assert(apply(...)); end
	end
	for _, host in ipairs(sorted_keys(declaration.hosts)) do
		local declared = declaration.hosts[host];
		local accounts, rosters = open(host);
		for _, name in ipairs(sorted_keys(declared)) do
			local address, password = jid.join(name, host), declared[name];
			if not lets_in(load(accounts, name), password) then
				local kind = has_file(host, "accounts", name) and "updated" or "added";
				change(kind, address, accounts.set, accounts, name, new_account(password));
			end
			local roster = with_subscribers(load(rosters, name), declaration.subscribers[address] or {});
			if roster then change("subscribed", address, rosters.set, rosters, name, roster); end
		end
		for _, name in ipairs(undeclared(accounts, host, declared)) do
			change("removed", jid.join(name, host), remove, name, host);
		end
	end
	return done;
end

function module.command()
	local understood, done = pcall(converge, assert(json.decode(io.read("a"))));
	if not understood then
		io.stderr:write(tostring(done), "\n");
		return 1;
	end
	print(json.encode(done));
	return 0;
end
