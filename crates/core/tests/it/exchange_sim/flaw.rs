//! Mistakes that bridges really make, put in on purpose: the simulation has to
//! find each of them.

/// What is done wrong, at every desk of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Nothing.
    None,
    /// What comes is recorded as news under a number of its own, whether its
    /// origin's number is known or not.
    NoDedupe,
    /// The cursor is moved in a transaction of its own, before the changes.
    CursorBeforeRecord,
    /// What came is acknowledged before it is recorded, and nobody asks again.
    /// (Who asks now and then where it really is recovers from this.)
    AckBeforeRecord,
    /// A change is sent, and then recorded.
    SendBeforeRecord,
    /// Anybody sets the status, and the later clock wins.
    LastWriterWins,
    /// Of two values set at once only one is kept.
    ConflictDropped,
    /// A change goes back to where it came from.
    EchoNotFiltered,
    /// Who gave the baton away gives it away once more.
    BatonPassedTwice,
    /// Internal entries are taken for public ones.
    NotesLeave,
    /// The agreement's word on addresses is not asked for.
    AddressesLeave,
    /// The log for a peer is sent once and never again.
    NoRetry,
    /// Erasures clear the picture and forget the logs.
    LogsKeepErased,
    /// A polled system is read exactly from where it was read last.
    NoOverlap,
    /// How far a polled system was read is kept before what was read.
    ReadBeforeRecord,
    /// A call without an answer is made again at once.
    NoDoubt,
    /// A call is made, and then recorded.
    CallBeforeRecord,
    /// What we wrote there ourselves is not known again.
    NoMarkers,
    /// Whatever has a marker is taken for ours, and people quote markers.
    MarkersOnly,
    /// Whatever our account did is taken for ours, and others use it too.
    AccountOnly,
    /// The answer to a call that set something is believed, whatever was read
    /// since the call was made.
    AnswerBelieved,
}

impl Flaw {
    /// Those that two or more Switchboards can make.
    pub(super) const OF_DESKS: [Flaw; 12] = [
        Flaw::NoDedupe,
        Flaw::CursorBeforeRecord,
        Flaw::AckBeforeRecord,
        Flaw::SendBeforeRecord,
        Flaw::LastWriterWins,
        Flaw::ConflictDropped,
        Flaw::EchoNotFiltered,
        Flaw::BatonPassedTwice,
        Flaw::NotesLeave,
        Flaw::AddressesLeave,
        Flaw::NoRetry,
        Flaw::LogsKeepErased,
    ];

    /// Those that a desk can make that speaks for a system.
    pub(super) const OF_BRIDGES: [Flaw; 10] = [
        Flaw::NoOverlap,
        Flaw::ReadBeforeRecord,
        Flaw::NoDoubt,
        Flaw::CallBeforeRecord,
        Flaw::NoMarkers,
        Flaw::MarkersOnly,
        Flaw::AccountOnly,
        Flaw::AnswerBelieved,
        Flaw::NotesLeave,
        Flaw::AddressesLeave,
    ];
}
