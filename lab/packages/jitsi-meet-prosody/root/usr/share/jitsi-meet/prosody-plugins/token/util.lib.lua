-- STAND-IN, not Jitsi's own: judges JSON Web Tokens, by one shared secret (app_secret, HS256) or by the public keys of
-- an identity provider (cache_keys_url, a JWKS document, RS256), fetched at the start and again when its max-age is over.
-- Left out: asap_key_server, mappings of key numbers to certificates, tenants, claims refreshed while logged in.

local basexx = require "basexx";
local digest = require "openssl.digest";
local hmac = require "openssl.hmac";
local pkey = require "openssl.pkey";
local json = require "cjson.safe";
local http = require "net.http";
local base64 = require "util.encodings".base64;
local hashes = require "util.hashes";
local jid = require "util.jid";
require "inspect"; -- as the real one, whose complaints it prints

local REFUSED = "not-allowed";
local RETRY_AFTER, KEPT_FOR = 30, 6 * 60 * 60;
local GONE_AFTER = 90 * 60; -- so long a key counts that is no longer published, for tokens signed before

-- A public RSA key of a JWKS document as PEM (RFC 7518, 6.3.1; RFC 8017, A.1.1).
local function der(tag, content)
	local length, count = #content, "";
	if length < 128 then return string.char(tag, length) .. content; end
	while length > 0 do
		count, length = string.char(length & 255) .. count, length >> 8;
	end
	return string.char(tag, 128 + #count) .. count .. content;
end

local function integer(text)
	local bytes = basexx.from_url64(text);
	return der(2, bytes:byte() >= 128 and "\0" .. bytes or bytes);
end

local RSA_ENCRYPTION = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

local function pem_of(jwk)
	if jwk.kty ~= "RSA" or type(jwk.n) ~= "string" or type(jwk.e) ~= "string" then return nil; end
	local key = der(0x30, RSA_ENCRYPTION .. der(3, "\0" .. der(0x30, integer(jwk.n) .. integer(jwk.e))));
	local lines = base64.encode(key):gsub(("."):rep(64), "%0\n");
	return "-----BEGIN PUBLIC KEY-----\n" .. lines .. "\n-----END PUBLIC KEY-----\n";
end

local verifiers = {
	HS256 = function (text, signature, secret)
		return hashes.equals(hmac.new(secret, "sha256"):final(text), signature);
	end;
	RS256 = function (text, signature, pem)
		return pkey.new(pem):verify(signature, digest.new("sha256"):update(text));
	end;
};

local function matches(claim, accepted)
	for _, value in ipairs(accepted) do
		if value == "*" or value == claim then return true; end
		for _, one in ipairs(type(claim) == "table" and claim or {}) do
			if one == value then return true; end
		end
	end
	return false;
end

local Tokens = {};
Tokens.__index = Tokens;

function Tokens:fetch_keys()
	local function again(seconds)
		self.module:add_timer(seconds, function () self:fetch_keys(); end);
	end
	http.request(self.keys_url, nil, function (body, code, response)
		local document = code == 200 and json.decode(body);
		if type(document) ~= "table" or type(document.keys) ~= "table" then
			self.module:log("warn", "no keys from %s: %s", self.keys_url, tostring(code ~= 0 and code or body));
			return again(RETRY_AFTER);
		end
		local gone = {};
		for kid in pairs(self.keys) do gone[kid] = true; end
		for _, jwk in ipairs(document.keys) do
			if jwk.kid then self.keys[jwk.kid], gone[jwk.kid] = pem_of(jwk), nil; end
		end
		self.module:add_timer(GONE_AFTER, function ()
			for kid in pairs(gone) do self.keys[kid] = nil; end
		end);
		self.module:log("info", "%d keys from %s", #document.keys, self.keys_url);
		again(tonumber((response.headers["cache-control"] or ""):match("max%-age=(%d+)")) or KEPT_FOR);
	end);
end

-- The claims of a good token; or nothing, and what is wrong with it.
function Tokens:claims(token)
	local text, signature = token:match("^([%w_-]+%.[%w_-]+)%.([%w_-]*)$");
	if not text then return nil, "no token"; end
	local header, body = text:match("^(.+)%.(.+)$");
	header, body = json.decode(basexx.from_url64(header)), json.decode(basexx.from_url64(body));
	if type(header) ~= "table" or type(body) ~= "table" then return nil, "bad token format"; end
	if header.typ ~= "JWT" then return nil, "Invalid typ"; end
	if header.alg ~= self.algorithm then return nil, "Invalid or incorrect alg"; end
	local key = self.secret;
	if self.keys then
		key = type(header.kid) == "string" and self.keys[header.kid];
		if not key then return nil, "could not obtain public key"; end
	end
	if not verifiers[self.algorithm](text, basexx.from_url64(signature), key) then return nil, "Invalid signature"; end
	for _, name in ipairs { "exp", "nbf" } do
		if body[name] and type(body[name]) ~= "number" then return nil, name .. " must be number"; end
	end
	if body.exp and os.time() >= body.exp then return nil, "Not acceptable by exp"; end
	if body.nbf and os.time() < body.nbf then return nil, "Not acceptable by nbf"; end
	if not matches(body.iss, self.issuers) then return nil, "invalid 'iss' claim"; end
	if not matches(body.aud, self.audiences) then return nil, "invalid 'aud' claim"; end
	if self.needs_room and body.room == nil then return nil, "'room' claim is missing"; end
	if body.sub == nil then return nil, "'sub' claim is missing"; end
	return body;
end

function Tokens:process_and_verify_token(session)
	if not session.auth_token then
		return self.empty_allowed, REFUSED, "token required";
	end
	local claims, fault = self:claims(session.auth_token);
	if not claims then return false, REFUSED, fault; end
	session.jitsi_meet_room, session.jitsi_meet_domain = claims.room, claims.sub;
	if type(claims.context) == "table" then
		session.jitsi_meet_context_user = claims.context.user;
		session.jitsi_meet_context_group = claims.context.group;
		session.jitsi_meet_context_features = claims.context.features;
	end
	prosody.events.fire_event("jitsi-authentication-token-verified", { session = session, claims = claims });
	return true;
end

function Tokens:verify_room(session, address)
	local room, allowed = jid.node(address), session.jitsi_meet_room;
	if not allowed or allowed == "*" then return true; end
	local named = type(allowed) == "string" and "]" .. allowed:lower(); -- a tenant's room is [tenant]room
	if not named or ("]" .. room):sub(-#named) ~= named then
		return false, "room-mismatch", "Room does not match the room from token";
	end
	if self.verifies_domain and jid.host(address) ~= "conference." .. tostring(session.jitsi_meet_domain):lower() then
		return false, "room-mismatch", "Domain does not match the domain from token";
	end
	return true;
end

local lib = {};

function lib.new(host)
	local secret, keys_url = host:get_option_string("app_secret"), host:get_option_string("cache_keys_url");
	local app_id = assert(host:get_option_string("app_id"), "app_id must not be empty");
	assert(secret or keys_url, "app_secret or cache_keys_url must be there");
	local self = setmetatable({
		module = host, secret = not keys_url and secret, keys_url = keys_url, keys = keys_url and {},
		algorithm = host:get_option_string("signature_algorithm", keys_url and "RS256" or "HS256"),
		issuers = host:get_option_array("asap_accepted_issuers", { app_id }),
		audiences = host:get_option_array("asap_accepted_audiences", { "*" }),
		needs_room = host:get_option_boolean("asap_require_room_claim", true),
		verifies_domain = host:get_option_boolean("enable_domain_verification", true),
		empty_allowed = host:get_option_boolean("allow_empty_token", false),
	}, Tokens);
	assert(verifiers[self.algorithm], "signature_algorithm is none that is known: " .. self.algorithm);
	if keys_url then self:fetch_keys(); end
	return self;
end

return lib;
