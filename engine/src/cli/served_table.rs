//! What an engine says about a table.

use lakehead_client::{Client, Error, RejectCode, Table};

/// The table of this name, if there is one.
///
/// # Errors
/// What the client gives.
pub async fn find(client: &Client, table: &str) -> Result<Option<Table>, Error> {
    match client.describe(table).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.reject_code() == Some(RejectCode::UnknownTable) => Ok(None),
        Err(error) => Err(error),
    }
}
