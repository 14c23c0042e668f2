//! The exchange: one ticket, worked on at several desks and systems.
//!
//! Everything that happens to a shared ticket is a [`Change`] with a [`Name`]
//! (the desk where it happened and its number there) that it keeps wherever it
//! goes. A desk's picture of the ticket, [`Shared`], follows from the *set* of
//! changes that it knows: in whichever order they come, and however often, the
//! picture is the same. So two desks that know the same changes agree, and
//! nothing has to be decided by comparing clocks.
//!
//! What may be said at two desks at once is decided by rules ([`Rule`]): entries
//! and attachments only ever add; status, solution and merges are set by the
//! desk that has the [`Baton`], and the others ask; of other fields both values
//! are kept until somebody chooses.
//!
//! [`record`] is what a desk does with a change, its own or one that came.
//! Between Switchboards changes travel by [`Sender`] and [`Receiver`]. For a
//! system that knows nothing of this, a desk speaks: a [`Tie`] makes changes of
//! what a [`Reader`] reads there, and says what is to be done there.
//!
//! Everything here is a function of what is passed in. The caller keeps the
//! state and the changes to be kept in **one** transaction, and does what is to
//! be done outside only after it has committed.

mod baton;
mod call;
mod change;
mod field;
mod filter;
mod known;
mod link;
mod origin;
mod reader;
mod receiver;
mod record;
mod register;
mod remote;
mod review;
mod sender;
mod shared;
mod tie;
mod words;

pub use baton::{Baton, Pass};
pub use call::{Call, CallState, What};
pub use change::{Ask, Attachment, Author, Change, Deed, Entry, Role, Settled};
pub use field::{Field, Rule};
pub use filter::{LocalAuthor, LocalEntry, Passes, WITHHELD, shared_entry};
pub use known::Known;
pub use link::{Link, Stage, covers};
pub use origin::{DeskId, Name, SharedId};
pub use reader::{Look, Polling, Reader};
pub use receiver::{Batch, DeadLetter, Received, Receiver, Reply, Why};
pub use record::{Forward, Recorded, record};
pub use register::{Conflict, ConflictReason, Register, Set};
pub use remote::{RemoteChange, RemoteDeed, RemoteFile};
pub use review::{REVIEW_MS, review_due};
pub use sender::{Sender, SenderInput, Sending};
pub use shared::{Asked, Erasure, Refused, Shared};
pub use tie::{Answer, LookFor, Manner, Note, Place, There, Tie, TieInput, TieStep};
pub use words::{Here, Preview, Way, Words, WordsProblem};

/// Desks through which a change may have come. More are a fault in somebody's
/// agreements; the change is kept as a dead letter and shown.
pub const MOST_HOPS: usize = 8;
