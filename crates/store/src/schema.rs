//! What tables and columns there are, as the database itself says.

use crate::conn::{Conn, Dialect};
use crate::error::Error;
use crate::params;

/// Every table with its columns, both by name. What a database makes for an
/// index of its own is left out.
pub fn columns(conn: &mut Conn<'_>) -> Result<Vec<(String, String)>, Error> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => {
            /* sqlite */
            "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
             WHERE t.schema = 'main' AND t.type IN ('table', 'virtual')
               AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY 1, 2"
        }
        Dialect::Postgres => {
            /* postgres */
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
             FROM information_schema.columns WHERE table_schema = current_schema()
             ORDER BY 1, 2"
        }
    };
    conn.query(sql, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}
