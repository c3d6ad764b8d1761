"""Which colours of a page cannot be read on which, by WCAG 2."""

import re

AA = 4.5
COLOR = r"#[0-9a-fA-F]{6}"


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def contrast_errors(schemes: object, name: str) -> list[str]:
    """Return the errors of {scheme: {name: colour}} in setting name; what is no colour is passed over."""
    errors = []
    for scheme, colors in schemes.items() if isinstance(schemes, dict) else []:
        colors = colors if isinstance(colors, dict) else {}
        known = {key: color for key, color in colors.items() if re.fullmatch(COLOR, str(color))}
        for key in ("text", "accent"):
            if {key, "background"} <= known.keys() and (seen := contrast(known[key], known["background"])) < AA:
                # Rounded down: 4.496 is not 4.5.
                seen = int(seen * 100) / 100
                errors.append(
                    f"{name}.{scheme}.{key} is {known[key]} on {known['background']}, a contrast of {seen}: choose "
                    f"colours with {AA} or more."
                )
    return errors
