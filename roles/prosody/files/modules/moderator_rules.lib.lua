-- Who may open and moderate a room: the decisions alone, without prosody, so that they can be tested by themselves.

local lib = {};
local Rules = {};
Rules.__index = Rules;

-- What the rules file holds.
local SHAPE = { fields = {
	comment = { "comment" };
	by = { "choice", listed = true, group = true, all = true };
	names = { "list" };
	may_name = { "choice", nobody = true, moderators = true, anyone = true };
	seats = { "count" };
	seat_days = { "count" };
	rooms = { fields = {
		moderation = { "choice", any = true, own = true };
		comoderators = { "lists" };
		names = { fields = { prefixes = { "list" }; fixed = { "list" }; shortest = { "count" } } };
		lobby = { "boolean" };
		password = { "boolean" };
		max_occupants = { "count" };
		muted_at_entry = { fields = { audio = { "boolean" }; video = { "boolean" } } };
	} };
} };

local function is_list(value)
	if type(value) ~= "table" then return false; end
	local count = 0;
	for _ in pairs(value) do count = count + 1; end
	for number = 1, count do
		if type(value[number]) ~= "string" then return false; end
	end
	return true;
end

local checks = {
	comment = { function () return true; end };
	list = { is_list, "a list of texts" };
	count = { function (v) return math.type(v) == "integer" and v >= 0; end, "a whole number from 0" };
	boolean = { function (v) return type(v) == "boolean"; end, "true or false" };
	choice = { function (v, shape) return type(v) == "string" and shape[v] == true; end, "one of its choices" };
	lists = { function (v)
		if type(v) ~= "table" then return false; end
		for key, list in pairs(v) do
			if type(key) ~= "string" or not is_list(list) then return false; end
		end
		return true;
	end, "a mapping of texts to lists of texts" };
};

local function fault_of(value, shape, path)
	if not shape.fields then
		local check, wanted = checks[shape[1]][1], checks[shape[1]][2];
		return not check(value, shape) and path .. " is not " .. wanted or nil;
	end
	if type(value) ~= "table" then return path .. " is not a mapping"; end
	for key in pairs(value) do
		if not shape.fields[key] then return path .. " has an unknown key: " .. tostring(key); end
	end
	for key, field in pairs(shape.fields) do
		local fault = fault_of(value[key], field, path == "rules" and key or path .. "." .. key);
		if fault then return fault; end
	end
end

local function set_of(list)
	local set = {};
	for _, item in ipairs(list) do set[item] = true; end
	return set;
end

-- The rules in what the file holds; or nothing, and what is wrong with it.
function lib.rules(data)
	local fault = fault_of(data, SHAPE, "rules");
	if fault then return nil, fault; end
	local rooms = data.rooms;
	local comoderators = {};
	for room, names in pairs(rooms.comoderators) do comoderators[room] = set_of(names); end
	return setmetatable({
		by = data.by, names = set_of(data.names), may_name = data.may_name,
		seats = data.seats, seat_days = math.max(data.seat_days, 1),
		moderation = rooms.moderation, comoderators = comoderators,
		prefixes = rooms.names.prefixes, fixed = set_of(rooms.names.fixed), shortest = rooms.names.shortest,
		lobby = rooms.lobby, password = rooms.password, max_occupants = rooms.max_occupants,
		muted_at_entry = rooms.muted_at_entry,
	}, Rules);
end

-- The rules in a text of JSON; or nothing, and what is wrong with it.
function lib.parse(text, decode)
	local data, fault = decode(text);
	if data == nil then return nil, fault; end
	return lib.rules(data);
end

-- What holds as long as no file could be read: nobody opens anything.
lib.none = lib.rules {
	by = "listed", names = {}, may_name = "nobody", seats = 0, seat_days = 1,
	rooms = {
		moderation = "any", comoderators = {}, names = { prefixes = {}, fixed = {}, shortest = 0 },
		lobby = false, password = false, max_occupants = 0, muted_at_entry = { audio = true, video = true },
	},
};

-- person: { name, directory = what the login said about the directory's group }, nothing for who has no account.
function Rules:is_moderator(person)
	if not person then return false; end
	if self.by == "all" then return true; end
	if self.by == "group" then return person.directory == true; end
	return self.names[person.name] == true;
end

-- Does the moderator moderate this room? opener is the name of who opened it, nothing as long as it is not open.
function Rules:moderates(person, room_name, opener)
	if not self:is_moderator(person) then return false; end
	if self.moderation == "any" or opener == nil or opener == person.name then return true; end
	local named = self.comoderators[room_name];
	return named ~= nil and named[person.name] == true;
end

-- May a moderator of the room make this person one of its moderators?
function Rules:may_be_named(person)
	return self.may_name == "anyone" or self.may_name == "moderators" and self:is_moderator(person);
end

-- Rooms that jicofo makes for itself, and which Jitsi's own modules let everybody into.
function lib.is_health_check(room_name)
	return room_name ~= nil and room_name:find("^__jicofo%-health%-check") ~= nil;
end

-- Why people may not have a room of that name; nothing when they may.
function Rules:name_fault(room_name)
	if not room_name or lib.is_health_check(room_name) then return "This room is reserved for the server. / Dieser Raum ist dem Server vorbehalten."; end
	if self.fixed[room_name] then return nil; end
	if #self.prefixes == 0 and next(self.fixed) ~= nil then
		return "Only certain rooms can be opened here. / Hier können nur bestimmte Räume geöffnet werden.";
	end
	local begins = #self.prefixes == 0;
	for _, prefix in ipairs(self.prefixes) do
		begins = begins or room_name:sub(1, #prefix) == prefix;
	end
	if not begins then
		return ("Names of rooms must begin with %s here. / Raumnamen müssen hier mit %s beginnen."):format(
			table.concat(self.prefixes, " or "), table.concat(self.prefixes, " oder "));
	end
	if #room_name < self.shortest then
		return ("Names of rooms must have at least %d characters here. / Raumnamen müssen hier mindestens %d Zeichen haben."):format(
			self.shortest, self.shortest);
	end
end

local function day(time) return os.date("!%Y-%m-%d", time); end

-- The seats still counted at that time: { name = last day of use }, and whether older ones were left out.
function Rules:counted(seats, now)
	local first, counted, forgotten = day(now - (self.seat_days - 1) * 86400), {}, false;
	for name, last in pairs(seats) do
		if last >= first then counted[name] = last; else forgotten = true; end
	end
	return counted, forgotten;
end

-- May this moderator take a seat, or keep the one he has?
function Rules:has_seat(seats, name, now)
	local counted, taken = self:counted(seats, now), 0;
	if self.seats == 0 or counted[name] then return true; end
	for _ in pairs(counted) do taken = taken + 1; end
	return taken < self.seats;
end

-- The seats after this moderator took or kept his; nothing when that changes nothing.
function Rules:with_seat(seats, name, now)
	local counted, forgotten = self:counted(seats, now);
	if counted[name] == day(now) and not forgotten then return nil; end
	counted[name] = day(now);
	return counted;
end

return lib;
