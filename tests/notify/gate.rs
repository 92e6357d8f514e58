//! Between the server and SNS: sees every try, and does to it what a service and a network can do.

use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is done to a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It goes through.
    Pass,
    /// It goes through after a while, if whoever asks still lives; and every ninth answer is lost: the connection ends
    /// instead.
    Rough,
    /// Whoever asks may not publish here.
    Forbid,
    /// A message of this kind is invalid.
    Refuse(&'static str),
}

/// One try: what was told, and whether SNS took it.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) message: Value,
    pub(crate) taken: bool,
}

/// How long a rough gate holds a try.
const WHILE: Duration = Duration::from_millis(15);

struct Shared {
    behind: String,
    rule: Mutex<Rule>,
    tries: Mutex<Vec<Try>>,
    cut_short: AtomicUsize,
    http: reqwest::Client,
}

/// The gate; it ends with its owner.
pub(crate) struct Gate {
    url: String,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

impl Gate {
    pub(crate) async fn before(behind: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let shared = Arc::new(Shared {
            behind,
            rule: Mutex::new(Rule::Pass),
            tries: Mutex::default(),
            cut_short: AtomicUsize::new(0),
            http,
        });
        let own = shared.clone();
        let listener = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(own.clone(), connection));
            }
        });
        Self { url, shared, listener }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, rule: Rule) {
        *self.shared.rule.lock().unwrap() = rule;
    }

    pub(crate) fn tries(&self) -> Vec<Try> {
        self.shared.tries.lock().unwrap().clone()
    }

    /// Tries whose server died before SNS heard of them.
    pub(crate) fn cut_short(&self) -> usize {
        self.shared.cut_short.load(Ordering::SeqCst)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Requests on one connection, one after the other, until it breaks off.
async fn serve(shared: Arc<Shared>, connection: TcpStream) -> Option<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let (headers, body) = request(&mut connection).await?;
        let message = published(&body);
        let rule = shared.rule.lock().unwrap().clone();
        if rule == Rule::Rough {
            tokio::time::sleep(WHILE).await;
            // One that died meanwhile has told nobody.
            if matches!(connection.get_ref().try_read(&mut [0]), Ok(0)) {
                shared.cut_short.fetch_add(1, Ordering::SeqCst);
                return None;
            }
        }
        let (status, answer) = match rule {
            Rule::Forbid => (403, error("AuthorizationError", "you may not")),
            Rule::Refuse(kind) if message["kind"] == kind => {
                (400, error("InvalidParameter", "Invalid parameter: Message"))
            }
            Rule::Pass | Rule::Rough | Rule::Refuse(_) => pass(&shared, &headers, body).await,
        };
        let nth = {
            let mut tries = shared.tries.lock().unwrap();
            tries.push(Try { message, taken: status == 200 });
            tries.len()
        };
        if rule == Rule::Rough && nth.is_multiple_of(9) {
            return None;
        }
        let head =
            format!("HTTP/1.1 {status} Said\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", answer.len());
        connection.write_all(format!("{head}{answer}").as_bytes()).await.ok()?;
    }
}

type Headers = Vec<(String, String)>;

async fn request(connection: &mut BufReader<TcpStream>) -> Option<(Headers, Vec<u8>)> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.to_lowercase(), value.to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    Some((headers, body))
}

async fn pass(shared: &Shared, headers: &Headers, body: Vec<u8>) -> (u16, String) {
    let mut onwards = shared.http.post(&shared.behind).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| ["authorization", "content-type"].contains(&name.as_str())) {
        onwards = onwards.header(name, value);
    }
    match onwards.send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (503, error("ServiceUnavailable", "nobody is behind the gate")),
    }
}

fn error(code: &str, said: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{said}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// The message in a form: the parameter `Message`, its percent signs and pluses undone.
fn published(form: &[u8]) -> Value {
    let form = std::str::from_utf8(form).unwrap();
    let Some(text) = form.split('&').find_map(|pair| pair.strip_prefix("Message=")) else { return Value::Null };
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
                u8::try_from(digit() * 16 + digit()).unwrap()
            }
            other => other,
        });
    }
    serde_json::from_slice(&bytes).unwrap()
}
