//! The subcommands.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use connect::{Blobs, Mailer};
use desk::account::NewAccount;
use desk::demo::DemoPerson;
use desk::import::{Dump, Format, Kind, Verdict};
use desk::mail_in::Fate;
use desk::{Clock as _, Desk, SystemClock, TokenScope};
use store::{Db, Options};
use switchboard_core::{Actor, Channel};

use crate::config::Settings;
use crate::provider::Provider;

/// Exit code for "try again later" (EX_TEMPFAIL of sysexits.h), which mail
/// servers understand.
const TRY_AGAIN: u8 = 75;
/// How much background work gives way, as nice(1) counts: a third of what people's answers get of
/// a processor that both want.
const GIVES_WAY: i32 = 5;
/// For so long mails in hand may go on when the process is asked to stop.
const FINISH: Duration = Duration::from_secs(20);

/// The helpdesk for federated research infrastructures.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a filled desk on an embedded database, to look at.
    Demo {
        /// Address and port.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: String,
        /// Folder to keep the demo in; an existing demo is opened again.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Serve pages and API, and do the background work.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
        /// Leave the background work to `worker` processes.
        #[arg(long)]
        no_worker: bool,
    },
    /// Do the background work only.
    Worker {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Bring the database to this version.
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take in one mail from standard input: exit 0 stored, 75 try again.
    MailIn {
        #[command(flatten)]
        config: ConfigFile,
        /// The unit it is for, by name or key; without it, first level.
        #[arg(long)]
        unit: Option<String>,
    },
    /// Accounts of administrators.
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Tokens for scripts and other desks.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Take in units, services, sites or members from a CSV or JSON file: all of
    /// it or nothing. Exit 0 done or nothing to do, 1 refused.
    Import(ImportArgs),
    /// The secret that links in mails and reply addresses are signed with.
    Secret {
        #[command(subcommand)]
        command: SecretCommand,
    },
    /// The exchange with other desks.
    Exchange {
        #[command(subcommand)]
        command: ExchangeCommand,
    },
    /// Look whether everything is in order.
    Doctor {
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// Settings file (TOML).
    #[arg(long, env = "SWITCHBOARD_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// What the file is of: units, services, sites or members.
    #[arg(long)]
    kind: String,
    /// The file; CSV or JSON by its name, else by how it begins.
    #[arg(long)]
    file: PathBuf,
    /// Only say, line by line, what would happen.
    #[arg(long)]
    dry_run: bool,
    /// The file is the whole list: what it does not have is retired or removed.
    #[arg(long)]
    complete: bool,
    /// More may be retired or removed than is kept.
    #[arg(long)]
    confirm: bool,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make an administrator's account.
    Create {
        #[command(flatten)]
        config: ConfigFile,
        /// Mail address.
        #[arg(long)]
        email: String,
        /// Name; default: the address.
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Let people sign in through an OpenID Connect provider or a directory.
    AddProvider {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        provider: Box<Provider>,
    },
    /// Takes the second factors from somebody who lost them all: they sign in
    /// with their password alone then.
    ClearFactors {
        #[command(flatten)]
        config: ConfigFile,
        /// A mail address of theirs.
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Sign with a new secret, from the next start of each node on.
    Change {
        #[command(flatten)]
        config: ConfigFile,
        /// For so many days what was signed so far still counts, for people answer
        /// old mails; 0 when somebody else may have the secret.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(0..=3650))]
        keep_days: i64,
    },
}

#[derive(Debug, Subcommand)]
enum ExchangeCommand {
    /// Find out whether a desk, of whatever make, keeps the protocol between desks.
    /// Exit 0: it does; 1: some check failed.
    Check {
        /// The address of the desk.
        url: String,
        /// A file with an invitation of that desk, made for this: it leaves a ticket
        /// and a partner behind, to be ended there. Without it only what anybody may
        /// ask is looked at.
        #[arg(long)]
        invitation: Option<PathBuf>,
        /// Networks that are not public and may be connected to all the same.
        #[arg(long, env = "SWITCHBOARD_OUTBOUND_NETWORKS", default_value = "")]
        networks: String,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it once.
    Create {
        #[command(flatten)]
        config: ConfigFile,
        /// Whose rights it has: a mail address.
        #[arg(long)]
        person: String,
        /// What it may do: read, write, admin. Repeat or separate by commas.
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<String>,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
    },
}

/// Does what was asked for.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Demo { listen, data } => demo(&listen, data),
        Command::Serve { config, no_worker } => {
            let settings = Settings::load(config.config.as_deref())?;
            let options = settings.web()?;
            let desk = open(&settings)?;
            to_the_end(serve(&settings, desk, options, !no_worker))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker { config } => {
            let desk = open(&Settings::load(config.config.as_deref())?)?;
            to_the_end(async {
                desk.erase_reappeared()
                    .await
                    .context("looking for people who were erased before")?;
                desk.renew_secrets()
                    .await
                    .context("sealing secrets with the newest key")?;
                desk.start_timers().await?;
                let worker = desk.clone();
                let working = tokio::spawn(async move { worker.work().await });
                tokio::select! {
                    ended = working => ended.context("background work")?,
                    () = desk.read_mailboxes() => {}
                    () = stop_signal() => {}
                }
                finish_sending(&desk).await;
                anyhow::Ok(())
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate { config } => {
            let settings = Settings::load(config.config.as_deref())?;
            for name in database(&settings)?.migrate()? {
                say(&format!("applied {name}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::MailIn { config, unit } => Ok(mail_in(config.config.as_deref(), unit)),
        Command::Admin {
            command:
                AdminCommand::Create {
                    config,
                    email,
                    name,
                    password_stdin: _,
                },
        } => {
            let desk = open(&Settings::load(config.config.as_deref())?)?;
            let mut password = String::new();
            std::io::stdin()
                .read_to_string(&mut password)
                .context("password from standard input")?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            let person = runtime()?.block_on(desk.create_account(NewAccount {
                email,
                name,
                password: Some(password),
                support: true,
                admin: true,
                ..NewAccount::default()
            }))?;
            say(&format!(
                "{} is an administrator",
                person.email.unwrap_or_default()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin {
            command: AdminCommand::AddProvider { config, provider },
        } => {
            let desk = open(&Settings::load(config.config.as_deref())?)?;
            for line in runtime()?.block_on(provider.add(&desk))? {
                say(&line)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin {
            command: AdminCommand::ClearFactors { config, email },
        } => {
            let desk = open(&Settings::load(config.config.as_deref())?)?;
            runtime()?.block_on(async {
                let person = desk.person_by_email(&email).await?;
                let operator = Actor::system(Channel::Cli);
                desk.clear_factors(&operator, person.id).await
            })?;
            say(&format!("{email} signs in with the password alone now"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Token {
            command:
                TokenCommand::Create {
                    config,
                    person,
                    scope,
                    name,
                },
        } => {
            let desk = open(&Settings::load(config.config.as_deref())?)?;
            let scopes: Vec<TokenScope> = scope
                .iter()
                .map(|s| TokenScope::parse(s))
                .collect::<Result<_, _>>()?;
            let secret = runtime()?.block_on(async {
                let person = desk.person_by_email(&person).await?;
                desk.create_token(person.id, &name, &scopes, None).await
            })?;
            say(&secret.1)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Secret {
            command: SecretCommand::Change { config, keep_days },
        } => {
            let settings = Settings::load(config.config.as_deref())?;
            change_secret(&settings, keep_days)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Import(args) => import(args),
        Command::Exchange {
            command:
                ExchangeCommand::Check {
                    url,
                    invitation,
                    networks,
                },
        } => check_exchange(&url, invitation.as_deref(), &networks),
        Command::Doctor { config } => doctor(&Settings::load(config.config.as_deref())?),
    }
}

/// Runs the conformance kit against a desk and says what it found.
fn check_exchange(
    url: &str,
    invitation: Option<&Path>,
    networks: &str,
) -> anyhow::Result<ExitCode> {
    let reach = connect::Reach::parse(networks).map_err(anyhow::Error::msg)?;
    let invitation = match invitation {
        Some(file) => Some(
            std::fs::read_to_string(file)
                .with_context(|| format!("reading the invitation {}", file.display()))?,
        ),
        None => None,
    };
    let mut seed = [0; connect::signature::SEED_BYTES];
    let mut word = [0; 8];
    for bytes in [seed.as_mut_slice(), word.as_mut_slice()] {
        getrandom::fill(bytes).map_err(|e| anyhow::anyhow!("no random numbers: {e}"))?;
    }
    let trial = connect::peer_check::Trial {
        base_url: url.trim_end_matches('/').to_owned(),
        invitation,
        seed,
        word: word.iter().map(|b| format!("{b:02x}")).collect(),
        now: SystemClock.now(),
    };
    let guard = connect::Guard::new(reach);
    let checks = runtime()?.block_on(connect::peer_check::run(&guard, &trial));
    let mut failed = 0;
    for check in &checks {
        let mark = match check.mark {
            connect::probe::Mark::Good => "passed",
            connect::probe::Mark::Odd => "look  ",
            connect::probe::Mark::Bad => "FAILED",
        };
        failed += usize::from(check.mark == connect::probe::Mark::Bad);
        let detail = match check.detail.is_empty() {
            true => String::new(),
            false => format!(" ({})", check.detail),
        };
        say(&format!("{mark}  {}{detail}", check.text))?;
    }
    say(&format!("{} checks, {failed} failed", checks.len()))?;
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

#[expect(clippy::print_stdout, reason = "what a command is asked to print")]
fn say(line: &str) -> anyhow::Result<()> {
    println!("{line}");
    std::io::stdout().flush()?;
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")
}

/// Where background work runs in a process that also answers people: apart from pages and API,
/// so that none of them stands behind a batch of it, and in threads that give way to theirs
/// when both want a processor. It lives as long as the process.
fn background() -> anyhow::Result<&'static tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("background")
        .on_thread_start(|| {
            // Of the thread that asks, on Linux; where it is refused all are alike, as before.
            if let Err(error) = rustix::process::nice(GIVES_WAY) {
                tracing::debug!(%error, "background work does not give way to people");
            }
        })
        .enable_all()
        .build()
        .context("starting the background work")?;
    Ok(Box::leak(Box::new(runtime)))
}

/// Runs what goes on until it is asked to stop. A mail server that does not answer
/// then holds up nobody: its mail shows as unknown.
fn to_the_end(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let ended = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Lets the mails that are in hand end before the process does.
async fn finish_sending(desk: &Desk) {
    if !desk.finish_sending(FINISH).await {
        tracing::warn!("the mail server did not answer in time; its mails show as unknown");
    }
}

fn database(settings: &Settings) -> anyhow::Result<Db> {
    let url = settings.database_url();
    if url.starts_with("sqlite:") {
        std::fs::create_dir_all(settings.data_dir())
            .with_context(|| format!("data folder {}", settings.data_dir().display()))?;
    }
    Ok(Db::open(&url, Options::default())?)
}

/// Without opening the desk, which takes the key of the secret that goes.
fn change_secret(settings: &Settings, keep_days: i64) -> anyhow::Result<()> {
    let db = database(settings)?;
    db.migrate().context("bringing the database up to date")?;
    let config = settings.desk(desk::setup::identity(&db)?)?;
    let keep_for = keep_days * 86_400_000;
    let until = desk::secret::change(&db, &config, SystemClock.now(), keep_for)?;
    say("signed with a new secret from the next start on: restart every node now")?;
    say(&match until {
        Some(_) => format!("what was signed so far counts for {keep_days} days more"),
        None => "what was signed so far does not count any more then: links in mails and \
                 reply addresses"
            .to_owned(),
    })
}

/// Opens the desk, bringing its database up to date. Not from within the
/// runtime: it waits for the database.
fn open(settings: &Settings) -> anyhow::Result<Desk> {
    let db = database(settings)?;
    db.migrate().context("bringing the database up to date")?;
    let blobs = Blobs::open(settings.data_dir().join("files"))?;
    let mailer = Mailer::new(&settings.mailer()?).map_err(anyhow::Error::msg)?;
    let known = desk::setup::identity(&db)?;
    Ok(Desk::new(
        db,
        blobs,
        mailer,
        Arc::new(SystemClock),
        settings.desk(known)?,
    )?)
}

async fn serve(
    settings: &Settings,
    desk: Desk,
    options: web::Options,
    work: bool,
) -> anyhow::Result<()> {
    let listen = settings.listen();
    let listener = tokio::net::TcpListener::bind(&listen)
        .await
        .with_context(|| format!("listen: {listen}"))?;
    let door = door(settings).await?;
    serve_on(listener, door, desk, options, work).await
}

/// Where the local mail server hands mail over, if anywhere.
async fn door(settings: &Settings) -> anyhow::Result<Option<tokio::net::TcpListener>> {
    let Some(listen) = settings.lmtp_listen() else {
        return Ok(None);
    };
    let door = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("lmtp_listen: {listen}"))?;
    tracing::info!(address = %door.local_addr()?, "taking mail by LMTP");
    Ok(Some(door))
}

async fn serve_on(
    listener: tokio::net::TcpListener,
    door: Option<tokio::net::TcpListener>,
    desk: Desk,
    options: web::Options,
    work: bool,
) -> anyhow::Result<()> {
    // A restored backup may have brought back people who were erased since.
    desk.erase_reappeared()
        .await
        .context("looking for people who were erased before")?;
    desk.renew_secrets()
        .await
        .context("sealing secrets with the newest key")?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    desk.remember_identity().await?;
    if work {
        desk.start_timers().await?;
        let worker = desk.clone();
        background()?.spawn(async move { worker.work().await });
        let reader = desk.clone();
        tokio::spawn(async move { reader.read_mailboxes().await });
    }
    if let Some(door) = door {
        let desk = desk.clone();
        tokio::spawn(async move { desk.take_local_mail(door).await });
    }
    web::serve(listener, desk.clone(), options, stop_signal()).await?;
    finish_sending(&desk).await;
    Ok(())
}

/// Ends when the process is asked to stop.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

fn demo(listen: &str, data: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let folder = match data {
        Some(folder) => folder,
        None => fresh_folder()?,
    };
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("demo folder {}", folder.display()))?;
    // Bound first, so that port 0 becomes the real one in all links.
    let listener = std::net::TcpListener::bind(listen).with_context(|| {
        format!("listen: {listen} (another program may use it; try --listen 127.0.0.1:0)")
    })?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    // A name stays a name: passkeys are bound to one.
    let address = match listen.rsplit_once(':') {
        Some((name @ "localhost", _)) => format!("{name}:{}", address.port()),
        _ => address.to_string(),
    };
    let settings = Settings::demo(&folder, &address);
    let desk = open(&settings)?;
    let file = folder.join("demo.json");
    let runtime = runtime()?;
    let people = match known_people(&file)? {
        Some(people) => people,
        None => {
            let password = password()?;
            runtime.block_on(desk::demo::fill(&desk, &password))?
        }
    };
    let url = format!("http://{address}");
    let json = serde_json::json!({ "url": url, "people": people });
    write_private(&file, &serde_json::to_vec_pretty(&json)?)?;
    say(&format!("Switchboard demo at {url}\n"))?;
    for person in &people {
        say(&format!(
            "  {:<14} {}  {}",
            person.email,
            person.password,
            person.roles.join(", ")
        ))?;
        say(&format!("  {:<14} token {}", "", person.token))?;
    }
    say(&format!("\nThe same in {}", file.display()))?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let door = door(&settings).await?;
        serve_on(listener, door, desk, web::Options::default(), true).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    served?;
    Ok(ExitCode::SUCCESS)
}

/// The people of a demo that is there already.
fn known_people(file: &Path) -> anyhow::Result<Option<Vec<DemoPerson>>> {
    match std::fs::read(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| file.display().to_string()),
        Ok(bytes) => {
            let json: serde_json::Value =
                serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
            let people = serde_json::from_value(json["people"].clone())
                .with_context(|| format!("{}: people", file.display()))?;
            Ok(Some(people))
        }
    }
}

fn random_word(bytes: usize) -> anyhow::Result<String> {
    let mut random = vec![0u8; bytes];
    getrandom::fill(&mut random).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
    // Letters that are not taken for each other.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    Ok(random
        .iter()
        .map(|b| char::from(LETTERS[usize::from(b % 32)]))
        .collect())
}

fn password() -> anyhow::Result<String> {
    Ok(format!(
        "{}-{}-{}",
        random_word(4)?,
        random_word(4)?,
        random_word(4)?
    ))
}

fn fresh_folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("switchboard-demo-{}", random_word(10)?));
    Ok(folder)
}

/// Writes a file that only its owner can read: it holds passwords.
fn write_private(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create(true).truncate(true).mode(0o600);
    let mut file = open
        .open(file)
        .with_context(|| file.display().to_string())?;
    file.write_all(bytes)?;
    Ok(())
}

/// Whatever goes wrong before the mail is stored, the mail server is asked to
/// try again: a wrong setting must not bounce people's mail.
fn mail_in(config: Option<&Path>, unit: Option<String>) -> ExitCode {
    let taken = (|| {
        let settings = Settings::load(config)?;
        let mut raw = Vec::new();
        std::io::stdin()
            .read_to_end(&mut raw)
            .context("mail from standard input")?;
        let desk = open(&settings)?;
        let taken = runtime()?.block_on(desk.take_mail(raw, "file", unit.as_deref()))?;
        anyhow::Ok(taken)
    })();
    match taken {
        Ok(taken) => {
            let fate = match &taken.fate {
                Fate::Entry(ticket) => format!("entry {ticket}"),
                Fate::Suppressed(reason) => format!("suppressed {reason}"),
                Fate::Quarantined(reason) => format!("quarantined {reason}"),
                Fate::Taken => "taken".into(),
            };
            // The mail is stored: a closed standard output changes nothing.
            let _ = say(&fate);
            ExitCode::SUCCESS
        }
        Err(e) => {
            tracing::error!("the mail was not stored: {e:#}");
            ExitCode::from(TRY_AGAIN)
        }
    }
}

fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let Some(kind) = Kind::parse(&args.kind) else {
        bail!("--kind takes units, services, sites or members");
    };
    let bytes = std::fs::read(&args.file).with_context(|| args.file.display().to_string())?;
    let name = args.file.to_string_lossy().into_owned();
    let desk = open(&Settings::load(args.config.config.as_deref())?)?;
    let dump = Dump {
        kind,
        format: Format::of(&name, &bytes),
        bytes,
        complete: args.complete,
        confirmed: args.confirm,
        dry_run: args.dry_run,
    };
    let actor = Actor::system(Channel::Cli);
    let plan = runtime()?.block_on(desk.import(&actor, dump))?;
    for line in &plan.lines {
        let place = match line.line {
            0 => "not in the file".to_owned(),
            n => format!("line {n}"),
        };
        let fate = match &line.verdict {
            Verdict::Created => "new".to_owned(),
            Verdict::Changed(fields) => format!("changed: {}", fields.join(", ")),
            Verdict::Same => "unchanged".to_owned(),
            Verdict::Retired => "retired or removed".to_owned(),
            Verdict::Refused { field, problem } => format!("refused: {field}: {problem}"),
        };
        say(&format!("{place}: {}: {fate}", line.what))?;
    }
    say(&plan.words())?;
    if plan.refused() > 0 {
        bail!("something is refused, so nothing was changed");
    }
    if plan.needs_confirmation && !args.dry_run {
        bail!(
            "more would be retired or removed than stays, so nothing was changed; say --confirm \
             if that is right"
        );
    }
    if args.dry_run {
        say("dry run: nothing was changed")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn doctor(settings: &Settings) -> anyhow::Result<ExitCode> {
    let desk = open(settings)?;
    let runtime = runtime()?;
    let report = runtime.block_on(desk.checkup())?;
    let mut well = true;
    for check in &report {
        well &= check.problem.is_none();
        let state = check.problem.as_deref().unwrap_or("in order");
        say(&format!("{:<28} {state}", check.name))?;
    }
    if !well {
        bail!("something is not in order");
    }
    Ok(ExitCode::SUCCESS)
}
