-- STAND-IN, not Jitsi's own: shows the conference's components (speakerstats, metadata, ...) as identities of
-- this host, where clients look for them.

module:depends("disco");

local components = module:shared("/*/stand_in/components");
local shown = {};

local function show(kind, host)
	if shown[kind] then return; end
	shown[kind] = true;
	module:add_identity("component", kind, host);
end

for kind, host in pairs(components) do show(kind, host); end
module:hook_global("jitsi-add-identity", function (event) show(event.name, event.host); end);
