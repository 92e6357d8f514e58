//! Amazon's topics and queues on this machine: moto's server as a process of the test's own, for it is killed and
//! frozen. What it keeps, it keeps in memory.

use crate::server::{Log, free_port};
use crate::wait::{SOON, until};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The account that moto plays.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "ca-central-1";

/// Why there may be none.
pub const MISSING: &str = "DRUMROLL_TEST_MOTO is not set; .ci/setup test installs moto and .ci/services names it";

/// moto's server; it ends with its owner.
#[derive(Debug)]
pub struct Moto {
    program: String,
    port: u16,
    log: Log,
    child: Option<Child>,
    http: reqwest::Client,
}

/// A message that came to a queue.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its body, read as JSON.
    pub body: Value,
    /// Its body as it came.
    pub text: String,
    /// The attributes its sender gave it.
    pub attributes: Value,
    /// Its group, on a FIFO queue.
    pub group: Option<String>,
}

impl Moto {
    /// Starts one; `None` when moto is not installed.
    pub async fn start() -> Option<Self> {
        let program = std::env::var("DRUMROLL_TEST_MOTO").ok()?;
        let http = reqwest::Client::builder().no_proxy().timeout(SOON).build().unwrap();
        let mut moto = Self { program, port: free_port(), log: Log::default(), child: None, http };
        moto.start_again().await;
        Some(moto)
    }

    /// Starts it at its old address, empty.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let mut command = Command::new(&self.program);
        command.args(["-H", "127.0.0.1", "-p", &self.port.to_string()]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        self.log.follow(child.stderr.take().unwrap());
        self.child = Some(child);
        let (http, url, log) = (&self.http, format!("{}/moto-api/data.json", self.url()), &self.log);
        let child = self.child.as_mut().unwrap();
        until("moto answers", SOON * 2, async || {
            assert!(child.try_wait().unwrap().is_none(), "moto ended at its start:\n{}", log.tail(20));
            http.get(&url).timeout(Duration::from_secs(2)).send().await.ok()
        })
        .await;
    }

    /// `http://…`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it at once; what it kept is gone.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops it where it is, connections open and mute, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    async fn call(&self, service: &str, headers: &[(&str, &str)], body: String) -> String {
        let credential = format!("AWS4-HMAC-SHA256 Credential=test/20270101/{REGION}/{service}/aws4_request");
        let mut request = self.http.post(self.url()).header("authorization", credential).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "moto's {service}: {status} {text}");
        text
    }

    async fn sqs(&self, action: &str, body: &Value) -> Value {
        let target = format!("AmazonSQS.{action}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let text = self.call("sqs", &headers, body.to_string()).await;
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    async fn sns(&self, parameters: &str) -> String {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.call("sns", &headers, format!("{parameters}&Version=2010-03-31")).await
    }

    /// A topic and a queue that gets what is published to it, as it was published. Answers the topic's name and the
    /// queue's address. Made once more, both are as they were, or new in a new life.
    pub async fn topic(&self, name: &str) -> (String, String) {
        let fifo = if name.ends_with(".fifo") {
            "&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true"
        } else {
            ""
        };
        self.sns(&format!("Action=CreateTopic&Name={name}{fifo}")).await;
        let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}");
        let attributes = if fifo.is_empty() { json!({}) } else { json!({"FifoQueue": "true"}) };
        let queue = self.sqs("CreateQueue", &json!({"QueueName": name, "Attributes": attributes})).await;
        let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
        let endpoint = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let raw = "Attributes.entry.1.key=RawMessageDelivery&Attributes.entry.1.value=true";
        self.sns(&format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={endpoint}&{raw}")).await;
        (topic, queue)
    }

    /// Takes everything that lies in a queue.
    pub async fn take(&self, queue: &str) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        loop {
            let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"], "WaitTimeSeconds": 0});
            let messages = self.sqs("ReceiveMessage", &ask).await["Messages"].take();
            let Some(messages) = messages.as_array().filter(|messages| !messages.is_empty()) else { return arrived };
            for message in messages {
                let text = message["Body"].as_str().unwrap().to_owned();
                arrived.push(Arrived {
                    body: serde_json::from_str(&text).unwrap(),
                    text,
                    attributes: message["MessageAttributes"].clone(),
                    group: message["Attributes"]["MessageGroupId"].as_str().map(str::to_owned),
                });
            }
            let receipt = |(at, message): (usize, &Value)| json!({"Id": at.to_string(), "ReceiptHandle": message["ReceiptHandle"]});
            let receipts: Vec<Value> = messages.iter().enumerate().map(receipt).collect();
            self.sqs("DeleteMessageBatch", &json!({"QueueUrl": queue, "Entries": receipts})).await;
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A frozen process is killed all the same.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- moto's last words ---\n{}", self.log.tail(10));
        }
    }
}
