//! TLS as this desk speaks it: rustls with ring, and whom it believes.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Who vouches for other machines: the authorities that this machine knows
/// (`SSL_CERT_FILE` names others), or those that browsers ship when it knows
/// none; with `only`, nobody but the authorities in that PEM text.
///
/// # Errors
/// When the text has no certificate in it.
pub(crate) fn config(only: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match only {
        Some(pem) => {
            for certificate in authorities(pem)? {
                roots
                    .add(certificate)
                    .map_err(|e| format!("a certificate can not be used: {e}"))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The certificates in a PEM text.
///
/// # Errors
/// When there is none, or one is broken.
pub fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("is no certificate in PEM: {e:?}"))?;
    if found.is_empty() {
        return Err(
            "has no certificate in it; paste the text from BEGIN to END CERTIFICATE".into(),
        );
    }
    Ok(found)
}
