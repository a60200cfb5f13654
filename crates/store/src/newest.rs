//! The newest id of a database, so that a process whose clock is behind never makes an id twice.

/// SQLite: lists the table and column of all ids made by this program. Each such column has an index.
pub(crate) const COLUMNS_SQLITE: &str = "SELECT m.name, c.name FROM sqlite_schema AS m \
     JOIN pragma_table_info(m.name) AS c \
     WHERE m.type = 'table' AND c.name IN ('id', 'key') AND c.type = 'INTEGER' ORDER BY 1, 2";

/// PostgreSQL: lists the same.
pub(crate) const COLUMNS_POSTGRES: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT) \
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
     JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attname IN ('id', 'key') \
     AND a.atttypid = CAST('int8' AS regtype) ORDER BY 1, 2";

/// Returns the statement for the highest value of these columns, or 0. `None` if there are no columns.
pub(crate) fn statement(columns: &[(String, String)]) -> Option<String> {
    let part = |(table, column): &(String, String)| format!("SELECT MAX({column}) AS newest FROM {table}");
    let parts: Vec<String> = columns.iter().map(part).collect();
    let all = parts.join(" UNION ALL ");
    (!parts.is_empty()).then(|| format!("SELECT COALESCE(MAX(newest), 0) FROM ({all}) AS of_all"))
}
