"""What a customer can set: one schema, and what is made of it.

Each setting stands once, in a file of schema/ (JSON Schema 2020-12, named types in types.yml): meaning, type, limits,
default, and what to write instead of what is refused. Keywords of our own: x-fix (the end of the sentence "...: write
<fix>."; without it the limits say it), x-unit (of a number), x-zero (what 0 stands for), x-multiline (line breaks are
allowed), x-key-of (the setting whose keys may be written), x-file (the file it stands in, if not main.yml), x-formerly
(former names, refused with the present one). writeOnly marks secrets, which stand in vault.yml and are never shown;
x-unshown marks what is never shown for what may be there by mistake.

To add a setting: state it in schema/ and run scripts/settings, which prints the defaults, the reference page and the
schema for editors; hand it to a role in group_vars/<group>/<role>.yml; use it there (meta/argument_specs.yml of the
role, and its template). Four files by hand. What contradicts other settings or the plan is told by a filter, *_errors.
"""
