-- The decisions of the moderators' rules, without prosody.

local lib = dofile("roles/prosody/files/modules/moderator_rules.lib.lua");

local DAY = 86400;
local NOW = os.time({ year = 2026, month = 3, day = 15, hour = 12 });

local function data(changes, rooms, names)
	local all = {
		by = "listed", names = { "anna", "bernd" }, may_name = "nobody", seats = 0, seat_days = 14,
		rooms = {
			moderation = "any", comoderators = {}, names = { prefixes = {}, fixed = {}, shortest = 0 },
			lobby = false, password = false, max_occupants = 0, muted_at_entry = { audio = true, video = true },
		},
	};
	for key, value in pairs(changes or {}) do all[key] = value; end
	for key, value in pairs(rooms or {}) do all.rooms[key] = value; end
	for key, value in pairs(names or {}) do all.rooms.names[key] = value; end
	return all;
end

local function rules(...) return assert(lib.rules(data(...))); end

local anna, bernd, carla = { name = "anna" }, { name = "bernd" }, { name = "carla" };

describe("who is a moderator by rule", function ()
	it("those listed", function ()
		assert.is_true(rules():is_moderator(anna));
		assert.is_false(rules():is_moderator(carla));
	end);

	it("members of the directory's group, and not those merely listed", function ()
		local group = rules { by = "group" };
		assert.is_true(group:is_moderator { name = "carla", directory = true });
		assert.is_false(group:is_moderator { name = "anna", directory = false });
		assert.is_false(group:is_moderator(anna));
		assert.is_false(group:is_moderator { name = "anna", directory = "yes" });
	end);

	it("everybody who logs in", function ()
		assert.is_true(rules { by = "all" }:is_moderator(carla));
	end);

	it("never a guest", function ()
		for _, by in ipairs { "listed", "group", "all" } do
			assert.is_false(rules { by = by }:is_moderator(nil));
		end
	end);

	it("nobody as long as there are no rules", function ()
		assert.is_false(lib.none:is_moderator(anna));
		assert.is_false(lib.none:moderates(anna, "daily", nil));
		assert.is_false(lib.none:may_be_named(anna));
	end);
end);

describe("which rooms a moderator moderates", function ()
	it("any of them", function ()
		assert.is_true(rules():moderates(anna, "daily", "bernd"));
		assert.is_false(rules():moderates(carla, "daily", "bernd"));
	end);

	it("his own, and those nobody opened yet", function ()
		local own = rules({}, { moderation = "own" });
		assert.is_true(own:moderates(anna, "daily", nil));
		assert.is_true(own:moderates(anna, "daily", "anna"));
		assert.is_false(own:moderates(anna, "daily", "bernd"));
	end);

	it("those he is named for", function ()
		local own = rules({}, { moderation = "own", comoderators = { board = { "anna", "carla" } } });
		assert.is_true(own:moderates(anna, "board", "bernd"));
		assert.is_false(own:moderates(anna, "daily", "bernd"));
		assert.is_false(own:moderates(carla, "board", "bernd")); -- no moderator by rule
	end);
end);

describe("whom a moderator may name", function ()
	it("nobody, moderators or anyone", function ()
		assert.is_false(rules():may_be_named(bernd));
		local moderators = rules { may_name = "moderators" };
		assert.is_true(moderators:may_be_named(bernd));
		assert.is_false(moderators:may_be_named(carla));
		assert.is_false(moderators:may_be_named(nil));
		assert.is_true(rules { may_name = "anyone" }:may_be_named(nil));
	end);
end);

describe("names of rooms", function ()
	local function refused(name, limits) return rules({}, {}, limits):name_fault(name) ~= nil; end

	it("are free without a rule", function () assert.is_false(refused("x")); end);

	it("begin with one of the prefixes", function ()
		assert.is_false(refused("acme-daily", { prefixes = { "acme-", "board-" } }));
		assert.is_false(refused("board-1", { prefixes = { "acme-", "board-" } }));
		assert.is_true(refused("daily-acme-", { prefixes = { "acme-", "board-" } }));
		assert.is_true(refused("a.me-daily", { prefixes = { "a%.me-" } })); -- texts, not patterns
	end);

	it("stand on the list", function ()
		assert.is_false(refused("board", { fixed = { "board" } }));
		assert.is_true(refused("boards", { fixed = { "board" } }));
		assert.is_false(refused("acme-1", { fixed = { "board" }, prefixes = { "acme-" } }));
	end);

	it("have a length, unless they stand on the list", function ()
		assert.is_true(refused("acme-12", { prefixes = { "acme-" }, shortest = 8 }));
		assert.is_false(refused("acme-123", { prefixes = { "acme-" }, shortest = 8 }));
		assert.is_false(refused("board", { prefixes = { "acme-" }, fixed = { "board" }, shortest = 8 }));
		assert.is_true(refused("1234567", { shortest = 8 }));
	end);

	it("are never those of jicofo's own rooms", function ()
		assert.is_true(refused("__jicofo-health-check-1"));
		assert.is_true(refused(nil)); -- the component's own address
		assert.is_true(lib.is_health_check("__jicofo-health-check-1"));
		assert.is_false(lib.is_health_check("my__jicofo-health-check"));
	end);

	it("are refused with a sentence", function ()
		assert.equal("Names of rooms must begin with a- or b- here. / Raumnamen müssen hier mit a- oder b- beginnen.",
			rules({}, {}, { prefixes = { "a-", "b-" } }):name_fault("c"));
		assert.equal("Names of rooms must have at least 9 characters here. / Raumnamen müssen hier mindestens 9 Zeichen haben.",
			rules({}, {}, { shortest = 9 }):name_fault("c"));
	end);
end);

describe("seats", function ()
	local two = rules { seats = 2, seat_days = 3 };

	it("are kept by who has one", function ()
		assert.is_true(two:has_seat({ anna = "2026-03-15", bernd = "2026-03-14" }, "anna", NOW));
		assert.is_false(two:has_seat({ anna = "2026-03-15", bernd = "2026-03-14" }, "carla", NOW));
		assert.is_true(two:has_seat({ anna = "2026-03-15" }, "carla", NOW));
	end);

	it("are free again after the window", function ()
		local seats = { anna = "2026-03-13", bernd = "2026-03-12" };
		local counted, forgotten = two:counted(seats, NOW);
		assert.same({ anna = "2026-03-13" }, counted);
		assert.is_true(forgotten);
		assert.is_true(two:has_seat(seats, "carla", NOW));
		assert.is_false(select(2, two:counted(counted, NOW)));
		assert.same({}, (two:counted(counted, NOW + DAY)));
	end);

	it("are as many as one likes when there is no limit", function ()
		assert.is_true(rules():has_seat({ a = "2026-03-15", b = "2026-03-15" }, "c", NOW));
	end);

	it("are written down once a day", function ()
		assert.same({ anna = "2026-03-15" }, two:with_seat({}, "anna", NOW));
		assert.is_nil(two:with_seat({ anna = "2026-03-15" }, "anna", NOW));
		assert.same({ anna = "2026-03-15" }, two:with_seat({ anna = "2026-03-14", bernd = "2026-01-01" }, "anna", NOW));
	end);
end);

describe("rules that cannot be used", function ()
	local function fault(changes, rooms, names) return select(2, lib.rules(data(changes, rooms, names))); end

	it("are refused with the place", function ()
		assert.equal("rules is not a mapping", select(2, lib.rules("x")));
		assert.equal("by is not one of its choices", fault { by = "some" });
		assert.equal("by is not one of its choices", fault { by = 1 });
		assert.equal("names is not a list of texts", fault { names = { anna = true } });
		assert.equal("seats is not a whole number from 0", fault { seats = -1 });
		assert.equal("seats is not a whole number from 0", fault { seats = "3" });
		assert.equal("rooms.lobby is not true or false", fault({}, { lobby = "yes" }));
		assert.equal("rooms.names.shortest is not a whole number from 0", fault({}, {}, { shortest = 1.5 }));
		assert.equal("rooms.comoderators is not a mapping of texts to lists of texts", fault({}, { comoderators = { "a" } }));
		assert.equal("rules has an unknown key: nmaes", fault { nmaes = {} });
	end);

	it("are refused when something is missing", function ()
		local some = data();
		some.rooms.lobby = nil;
		assert.equal("rooms.lobby is not true or false", select(2, lib.rules(some)));
	end);

	it("are refused when they cannot be read", function ()
		local none, why = lib.parse("{", function (text) return nil, "no " .. text; end);
		assert.is_nil(none);
		assert.equal("no {", why);
		assert.equal("rules is not a mapping", select(2, lib.parse("5", tonumber)));
		assert.is_true(lib.parse("", function () return data { comment = "c" }; end):is_moderator(anna));
	end);
end);
