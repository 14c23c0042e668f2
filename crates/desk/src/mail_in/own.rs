//! Which addresses are the desk's own.

use mail::OwnAddresses;

use crate::{Desk, Error};

/// What belongs to a desk: its address, and those of its mailboxes.
pub(super) fn own_addresses_in(
    c: &mut store::Conn<'_>,
    desk: &Desk,
) -> Result<OwnAddresses, Error> {
    let address = mail::Address::parse(&desk.config().mail_address)
        .map_err(|e| Error::Internal(format!("the desk's own address: {e}")))?;
    let mailboxes = store::mailbox::all(c)?;
    let others = mailboxes
        .iter()
        .filter_map(|m| mail::Address::parse(&m.address).ok());
    Ok(OwnAddresses {
        instance: desk.loop_id(),
        domains: vec![desk.config().mail_domain().to_lowercase()],
        desks: std::iter::once(address).chain(others).collect(),
    })
}

/// Refuses, where the address of a mailing list is to be, one of the desk's own: what is
/// sent there comes back.
///
/// # Errors
/// Names `field`.
pub(crate) fn check_is_foreign(
    c: &mut store::Conn<'_>,
    desk: &Desk,
    field: &str,
    list: &str,
) -> Result<(), Error> {
    let own = own_addresses_in(c, desk)?;
    if mail::Address::parse(list.trim()).is_ok_and(|list| own.is_desk(&list)) {
        return Err(Error::invalid(
            field,
            format!(
                "{} is an address of this desk: requests would come back to it; give the address \
                 of the provider's list",
                list.trim()
            ),
        ));
    }
    Ok(())
}
