//! How commands reach an engine.

use lakehead_client::{Client, ClientBuilder, Error, Metrics};
use std::sync::Arc;
use std::time::Duration;

/// Flags of commands that talk to an engine.
#[derive(Debug, Clone, clap::Args)]
pub struct ClientArgs {
    /// Address of an engine, host:port. Several, separated by commas, are tried in turn.
    #[arg(long, required = true, value_name = "ADDR", env = "LAKEHEAD_SERVER", value_delimiter = ',')]
    pub server: Vec<String>,
    #[command(flatten)]
    pub patience: Patience,
}

/// The rest of them.
#[derive(Debug, Clone, clap::Args)]
pub struct Patience {
    /// The token that the engine asks for.
    #[arg(long, env = "LAKEHEAD_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Seconds to go on trying when no engine can be used.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub give_up_after: u64,
}

impl ClientArgs {
    /// A client of these engines.
    ///
    /// # Errors
    /// Addresses that are none.
    pub fn client(&self) -> Result<Client, Error> {
        client(&self.server, &self.patience)
    }

    /// The same, which tells of its streams.
    ///
    /// # Errors
    /// As [`ClientArgs::client`].
    pub fn client_that_tells(&self, metrics: Arc<dyn Metrics>) -> Result<Client, Error> {
        builder(&self.server, &self.patience).metrics(metrics).build()
    }
}

/// A client of the engines at `servers`.
///
/// # Errors
/// Addresses that are none.
pub fn client(servers: &[String], patience: &Patience) -> Result<Client, Error> {
    builder(servers, patience).build()
}

fn builder(servers: &[String], patience: &Patience) -> ClientBuilder {
    let mut builder = Client::builder().give_up_after(Duration::from_secs(patience.give_up_after));
    for server in servers {
        builder = builder.server(server);
    }
    if let Some(token) = &patience.token {
        builder = builder.credential(token.as_bytes());
    }
    builder
}

/// What a script does about an error of the client.
pub fn exit_of(error: &Error) -> super::exit::Exit {
    use super::exit::Exit;
    match error {
        error if error.is_data_error() => Exit::Data,
        error if error.is_retryable() => Exit::TryLater,
        error if error.code() == "CONFIGURATION" => Exit::Usage,
        _ => Exit::Failure,
    }
}
