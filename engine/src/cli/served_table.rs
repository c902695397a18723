//! What an engine says about a table.

use arrow::datatypes::SchemaRef;
use lakehead_client::{Client, Error, RejectCode};

/// A table as an engine shows it.
#[derive(Debug, Clone)]
pub struct ServedTable {
    /// Delta `metaData.id`.
    pub id: String,
    pub schema: SchemaRef,
}

/// The table of this name, if there is one.
///
/// # Errors
/// What the client gives.
pub async fn find(client: &Client, table: &str) -> Result<Option<ServedTable>, Error> {
    match client.stream(table).open().await {
        Ok(stream) => {
            let found = ServedTable { id: stream.table_id().to_owned(), schema: stream.schema() };
            stream.close().await?;
            Ok(Some(found))
        }
        Err(error) if error.reject_code() == Some(RejectCode::UnknownTable) => Ok(None),
        Err(error) => Err(error),
    }
}
