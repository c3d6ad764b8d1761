-- The moderators' seats. They belong to the accounts, so they are kept beside these, in one file.

local seats = {};

local domain = module:get_option_string("muc_mapper_domain_base");
-- the rules, and the seats once they were read; one for all who ask
local state = module:shared("/*/muc_moderators/state");

local function store()
	state.store = state.store or module:context(domain):open_store("moderator_seats");
	return state.store;
end

local function taken()
	state.seats = state.seats or store():get(nil) or {};
	return state.seats;
end

local function keep(changed)
	if not changed then return; end
	state.seats = changed;
	local ok, err = store():set(nil, next(changed) and changed or nil);
	if not ok then module:log("error", "cannot keep the moderators' seats: %s", err); end
end

-- For the seat of who is moderator by rule; whom a moderator named for a meeting needs none.
function seats.take(person)
	if state.rules:is_moderator(person) then keep(state.rules:with_seat(taken(), person.name, os.time())); end
end

function seats.has(person)
	return state.rules:has_seat(taken(), person.name, os.time());
end

function seats.forget()
	local counted, forgotten = state.rules:counted(taken(), os.time());
	if forgotten then keep(counted); end
end

return seats;
