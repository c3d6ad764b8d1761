-- STAND-IN, not Jitsi's own: loads and maps nothing.
-- The real one maps room@conference.TENANT.DOMAIN to [TENANT]room@conference.DOMAIN; without tenants it has
-- nothing to do either.

module:get_option_string("muc_mapper_domain_base", module.host:match("^[^.]+%.(.+)$"));
