//! Switchboard: the helpdesk for federated research infrastructures.

mod command;
mod config;
mod key_file;
mod provider;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut filter = tracing_subscriber::EnvFilter::try_from_env("SWITCHBOARD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,switchboard=info"));
    // In full detail it would write down passwords and mails.
    if let Ok(quiet) = "async_imap=warn".parse() {
        filter = filter.add_directive(quiet);
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match command::run(cli) {
        Ok(code) => code,
        Err(e) => {
            tracing::error!("{e:#}");
            ExitCode::FAILURE
        }
    }
}
