"""The firewall matrix without the groups a plan does not have."""

from toolkit.shapes import Groups, Matrix, Row


def planned_rows(matrix: Matrix, groups: Groups) -> dict[str, dict[str, list[Row]]]:
    """Return the matrix as far as its groups have hosts."""
    missing = {group for group in matrix if not groups.get(group)}
    planned = {group: directions for group, directions in matrix.items() if group not in missing}
    return {
        group: {side: [row for row in rows if row["peer"] not in missing] for side, rows in directions.items()}
        for group, directions in planned.items()
    }
