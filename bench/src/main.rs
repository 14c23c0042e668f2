//! Fills databases with tickets and measures the product beside bare SQL.

mod access;
mod after;
mod awake;
mod bare;
mod beside_rt;
mod exchange;
mod fill;
mod flood;
mod http;
mod life;
mod linked;
mod mails;
mod report;
mod reports;
mod rows;
mod rt;
mod run;
mod server;
mod stand;
mod timers;
mod words;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Load tool: fills databases, measures the product beside bare SQL.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill an empty database.
    Fill {
        /// `sqlite:PATH` or `postgres://…`.
        #[arg(long)]
        url: String,
        /// How many tickets.
        #[arg(long)]
        tickets: usize,
        /// Entries of each ticket.
        #[arg(long, default_value_t = 3)]
        entries: usize,
        /// 500 units, 5,000 staff and 200,000 requesters instead of 25, 500 and one for each 50 tickets.
        #[arg(long)]
        federation: bool,
        /// Without the words that are searched for: several times as fast, for reports and the like.
        #[arg(long)]
        mute: bool,
    },
    /// Measure the product on a filled database, beside bare SQL.
    Run {
        /// `sqlite:PATH` or `postgres://…`.
        #[arg(long)]
        url: String,
        /// The product's binary; without it, the one beside this program.
        #[arg(long)]
        server: Option<PathBuf>,
        /// Where the results go.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
        /// The results' name; made from database and size without it.
        #[arg(long)]
        name: Option<String>,
        /// Measure only this; repeat or separate by commas.
        #[arg(long, value_delimiter = ',')]
        only: Vec<run::Part>,
        /// Keep the processors from sleeping, so that waking them does not count.
        #[arg(long)]
        awake: bool,
    },
    /// Measure the product beside a Request Tracker 5; bench/beside-rt.sh starts and fills one.
    Rt {
        /// The product's filled database, `sqlite:PATH` or `postgres://…`.
        #[arg(long)]
        url: String,
        /// RT's address.
        #[arg(long, env = "SWITCHBOARD_TEST_RT")]
        rt: String,
        /// The token of somebody there who may see, create and answer.
        #[arg(long, env = "SWITCHBOARD_TEST_RT_TOKEN", hide_env_values = true)]
        token: String,
        /// The queue there.
        #[arg(long, default_value = "Grid")]
        queue: String,
        /// The product's binary; without it, the one beside this program.
        #[arg(long)]
        server: Option<PathBuf>,
        /// Where the results go.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
        /// The results' name; made from the database without it.
        #[arg(long)]
        name: Option<String>,
    },
    /// Link the tickets of a Request Tracker 5 and measure how both come together after a time
    /// apart; bench/linked-rt.sh starts and fills one.
    RtLinked {
        /// RT's address.
        #[arg(long, env = "SWITCHBOARD_TEST_RT")]
        rt: String,
        /// The token of the account that couples.
        #[arg(long, env = "SWITCHBOARD_TEST_RT_TOKEN", hide_env_values = true)]
        token: String,
        /// RT's own database, `postgres://…`: what happens there is written into it.
        #[arg(long, env = "SWITCHBOARD_TEST_RT_DATABASE", hide_env_values = true)]
        rt_database: String,
        /// The queue there; all its new tickets are linked.
        #[arg(long, default_value = "Grid")]
        queue: String,
        /// Where the results go.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
        /// The results' name; `rt-linked` without it.
        #[arg(long)]
        name: Option<String>,
    },
    /// Write the tickets of a filled database into a file, for bench/rt_fill.pl.
    RtTexts {
        /// `sqlite:PATH` or `postgres://…`.
        #[arg(long)]
        url: String,
        /// The file.
        #[arg(long)]
        into: PathBuf,
    },
    /// Measure the link between two desks that share tickets.
    Exchange {
        /// The databases of the two, `sqlite:PATH` or `postgres://…`, separated by a comma;
        /// without them, two SQLite files that are thrown away.
        #[arg(long, value_delimiter = ',', num_args = 2)]
        urls: Option<Vec<String>>,
        /// The product's binary; without it, the one beside this program.
        #[arg(long)]
        server: Option<PathBuf>,
        /// Where the results go.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
        /// The results' name; made from the database without it.
        #[arg(long)]
        name: Option<String>,
        /// Tickets that are linked beforehand.
        #[arg(long, default_value_t = 400)]
        tickets: usize,
        /// Changes a second while the lag is measured.
        #[arg(long, default_value_t = 50)]
        rate: u32,
        /// Changes that wait while the link is paused, and then go all at once.
        #[arg(long, default_value_t = 4_000)]
        backlog: usize,
        /// Keep the processors from sleeping, so that waking them does not count.
        #[arg(long)]
        awake: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Fill {
            url,
            tickets,
            entries,
            federation,
            mute,
        } => fill::fill(&url, tickets, entries, federation, mute),
        Command::Run {
            url,
            server,
            results,
            name,
            only,
            awake,
        } => run::run(&run::Options {
            url,
            server,
            results,
            name,
            only,
            awake,
        }),
        Command::Rt {
            url,
            rt,
            token,
            queue,
            server,
            results,
            name,
        } => beside_rt::run(&beside_rt::Options {
            url,
            rt,
            token,
            queue,
            server,
            results,
            name,
        }),
        Command::RtLinked {
            rt,
            token,
            rt_database,
            queue,
            results,
            name,
        } => linked::run(&linked::Options {
            rt,
            token,
            rt_database,
            queue,
            results,
            name,
        }),
        Command::RtTexts { url, into } => beside_rt::texts(&url, &into),
        Command::Exchange {
            urls,
            server,
            results,
            name,
            tickets,
            rate,
            backlog,
            awake,
        } => exchange::run(&exchange::Options {
            urls: urls.and_then(|urls| urls.try_into().ok()),
            server,
            results,
            name,
            tickets,
            rate: rate.max(1),
            backlog,
            awake,
        }),
    }
}

/// Tells how far it is.
#[expect(clippy::print_stdout, reason = "what the tool is run for")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
