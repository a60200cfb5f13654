//! The newest id of a database, so that a process that starts with a clock that is behind makes none of them again.

/// Columns that hold ids made by this program, which all have an index of their own: table and column.
pub(crate) const COLUMNS_SQLITE: &str = "SELECT m.name, c.name FROM sqlite_schema AS m \
     JOIN pragma_table_info(m.name) AS c \
     WHERE m.type = 'table' AND c.name IN ('id', 'key') AND c.type = 'INTEGER' ORDER BY 1, 2";

/// The same in PostgreSQL's words.
pub(crate) const COLUMNS_POSTGRES: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT) \
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
     JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attname IN ('id', 'key') \
     AND a.atttypid = CAST('int8' AS regtype) ORDER BY 1, 2";

/// The statement that asks these columns for their highest value, or 0. `None` without any column.
pub(crate) fn statement(columns: &[(String, String)]) -> Option<String> {
    let part = |(table, column): &(String, String)| format!("SELECT MAX({column}) AS newest FROM {table}");
    let parts: Vec<String> = columns.iter().map(part).collect();
    let all = parts.join(" UNION ALL ");
    (!parts.is_empty()).then(|| format!("SELECT COALESCE(MAX(newest), 0) FROM ({all}) AS of_all"))
}
