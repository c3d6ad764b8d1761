-- STAND-IN, not Jitsi's own: what the stand-in modules share.

local jid = require "util.jid";

local lib = {};

-- Calls back with the MUC component HOST's module context and room service as soon as it is loaded,
-- whatever order prosody loads its hosts in.
function lib.when_muc(host, callback)
	local attached = false;
	local function attach()
		local entry = prosody.hosts[host];
		if attached or not entry then return; end
		attached = true;
		local context = module:context(host);
		if entry.modules and entry.modules.muc then
			callback(context, entry.modules.muc);
		else
			context:hook("module-loaded", function (event)
				if event.module == "muc" then callback(context, entry.modules.muc); end
			end);
		end
	end
	attach();
	module:hook_global("host-activated", function (name)
		if name == host then attach(); end
	end);
end

-- Makes the component or feature known to clients, through mod_features_identity on the conference's host.
function lib.announce(kind, host)
	local components = module:shared("/*/stand_in/components");
	components[kind] = host or module.host;
	module:fire_event("jitsi-add-identity", { name = kind, host = components[kind] });
	prosody.events.fire_event("jitsi-add-identity", { name = kind, host = components[kind] });
end

-- Is the address, bare or full, or its host in the set?
function lib.listed(set, address)
	return set:contains(jid.bare(address)) or set:contains(jid.host(address));
end

return lib;
