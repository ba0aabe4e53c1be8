"""MLflow's own Python client against a running Driftline: python mlflow_registry.py URL. Prints one line a part; any wrong answer ends it."""

import http.server
import json
import sys
import threading
import time

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

url = sys.argv[1]
client = MlflowClient(tracking_uri=url, registry_uri=url)
mlflow.set_tracking_uri(url)
mlflow.set_registry_uri(url)


def refused(code, call, *args, **kwargs):
    """The call fails with this error code, at once: the client would retry a 500 for minutes."""
    started = time.monotonic()
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        assert time.monotonic() - started < 5, "it was retried"
        return str(error)
    raise AssertionError(f"{call.__name__}{args} was not refused")


# -- registered models
model = client.create_registered_model("churn", tags={"team": "crm"}, description="who leaves")
assert (model.name, model.tags, model.description) == ("churn", {"team": "crm"}, "who leaves")
assert model.creation_timestamp == model.last_updated_timestamp
message = refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "churn")
assert "Registered Model (name=churn) already exists." in message, message
refused("INVALID_PARAMETER_VALUE", client.create_registered_model, "a/b")
refused("INVALID_PARAMETER_VALUE", client.create_registered_model, "")
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "nope")
updated = client.update_registered_model("churn", "who leaves next month")
assert updated.last_updated_timestamp > model.last_updated_timestamp
client.set_registered_model_tag("churn", "tier", "1")
client.delete_registered_model_tag("churn", "team")
client.delete_registered_model_tag("churn", "absent")
assert client.get_registered_model("churn").tags == {"tier": "1"}
print("models")

# -- versions
started = time.monotonic()
first = client.create_model_version("churn", "s3://models/churn/1", run_id="run1", tags={"git_commit": "c0ffee"})
assert time.monotonic() - started < 5, "the client waited for a version that is ready"
assert (int(first.version), first.current_stage, first.status, first.run_id) == (1, "None", "READY", "run1")
assert (first.description or "", first.tags) == ("", {"git_commit": "c0ffee"})
second = client.create_model_version("churn", "s3://models/churn/2", description="better")
assert int(second.version) == 2
refused("RESOURCE_DOES_NOT_EXIST", client.create_model_version, "nope", "s3://x")
refused("INVALID_PARAMETER_VALUE", client.create_model_version, "churn", "/etc/passwd")
client.update_model_version("churn", "2", "best")
client.set_model_version_tag("churn", "2", "ok", "y")
client.set_model_version_tag("churn", "1", "gone", "y")
client.delete_model_version_tag("churn", "1", "gone")
got = client.get_model_version("churn", "2")
assert (got.description, got.tags) == ("best", {"ok": "y"})
assert client.get_model_version("churn", "1").tags == {"git_commit": "c0ffee"}
assert client.get_model_version_download_uri("churn", "2") == "s3://models/churn/2"
refused("INVALID_PARAMETER_VALUE", client.get_model_version, "churn", "two")
refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "churn", "9")
print("versions")

# -- stages
assert client.transition_model_version_stage("churn", "1", "production").current_stage == "Production"
client.transition_model_version_stage("churn", "2", "Production", archive_existing_versions=True)
assert client.get_model_version("churn", "1").current_stage == "Archived"
assert [int(v.version) for v in client.get_latest_versions("churn", ["Production"])] == [2]
assert {v.current_stage for v in client.get_latest_versions("churn")} == {"Production", "Archived"}
refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, "churn", "2", "Prod")
refused("INVALID_PARAMETER_VALUE", client.get_latest_versions, "churn", ["Prod"])
print("stages")

# -- aliases
client.set_registered_model_alias("churn", "champion", "2")
assert int(client.get_model_version_by_alias("churn", "champion").version) == 2
assert client.get_model_version("churn", "2").aliases == ["champion"]
assert {k: int(v) for k, v in client.get_registered_model("churn").aliases.items()} == {"champion": 2}
refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "churn", "nobody")
refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "churn", "latest", "2")
refused("RESOURCE_DOES_NOT_EXIST", client.set_registered_model_alias, "churn", "x", "9")
client.delete_registered_model_alias("churn", "champion")
client.delete_registered_model_alias("churn", "champion")
client.set_registered_model_alias("churn", "champion", "2")
print("aliases")

# -- copies and renames
copy = client.copy_model_version("models:/churn/2", "churn-prod")
assert (copy.name, int(copy.version), copy.source) == ("churn-prod", 1, "models:/churn/2")
assert client.get_model_version_download_uri("churn-prod", "1") == "s3://models/churn/2"
client.copy_model_version("models:/churn@champion", "churn-prod")
client.rename_registered_model("churn-prod", "churn-live")
assert client.get_registered_model("churn-live").name == "churn-live"
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "churn-prod")
refused("RESOURCE_ALREADY_EXISTS", client.rename_registered_model, "churn-live", "churn")
print("copies")

# -- searches
for index in range(29):
    client.create_registered_model(f"page{index:02}", tags={"parity": "even" if index % 2 == 0 else "odd"})
names, token = [], None
while True:
    page = client.search_registered_models("name LIKE 'page%'", max_results=10, page_token=token)
    names += [found.name for found in page]
    token = page.token
    if not token:
        break
assert names == [f"page{index:02}" for index in range(29)], names
newest = client.search_registered_models("name LIKE 'page%'", order_by=["timestamp DESC"], max_results=2)
assert [found.name for found in newest] == ["page28", "page27"]
odd = client.search_registered_models("name ILIKE 'PAGE%' AND tags.parity = 'odd'")
assert len(odd) == 14
versions = client.search_model_versions("name = 'churn' AND version_number > 1")
assert [int(found.version) for found in versions] == [2]
assert [found.run_id for found in client.search_model_versions("run_id IN ('run1', 'run9')")] == ["run1"]
assert {found.name for found in client.search_model_versions("source_path LIKE 'models:/churn%'")} == {"churn-live"}
for index in range(5):
    client.create_model_version("page00", f"s3://page/{index}", tags={"parity": "even" if index % 2 == 0 else "odd"})
numbers, token = [], None
while True:
    page = client.search_model_versions(
        "name = 'page00'", max_results=2, order_by=["version_number DESC"], page_token=token
    )
    numbers += [int(found.version) for found in page]
    token = page.token
    if not token:
        break
assert numbers == [5, 4, 3, 2, 1], numbers
assert len(client.search_model_versions("name = 'page00' AND tags.parity = 'even'")) == 3
oldest = client.search_model_versions("name = 'page00'", order_by=["creation_timestamp ASC"], max_results=1)
assert [int(found.version) for found in oldest] == [1]
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "owner = 'me'")
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "name = 'a' OR name = 'b'")
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, max_results=1001)
refused("INVALID_PARAMETER_VALUE", client.search_model_versions, order_by=["size"])
print("searches")

# -- deletions
client.delete_model_version("churn", "2")
refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "churn", "2")
refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "churn", "champion")
assert int(client.create_model_version("churn", "s3://models/churn/3").version) == 3
client.delete_registered_model("churn")
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "churn")
refused("RESOURCE_DOES_NOT_EXIST", client.delete_registered_model, "churn")
print("deletions")

# -- the functions that wrap the client
registered = mlflow.register_model("s3://models/fraud/1", "fraud", tags={"team": "risk"})
assert (registered.name, int(registered.version), registered.tags) == ("fraud", 1, {"team": "risk"})
again = mlflow.register_model("models:/fraud/1", "fraud")
assert (int(again.version), again.source) == (2, "models:/fraud/1")
assert client.get_model_version_download_uri("fraud", "2") == "s3://models/fraud/1"
assert int(client.get_model_version_by_alias("fraud", "latest").version) == 2
print("functions")

# -- prompts
client.register_prompt("greet", "Hello {{name}}", commit_message="first", tags={"tone": "warm"})
client.register_prompt("greet", "Hi {{name}}")
assert client.load_prompt("greet", version=1).template == "Hello {{name}}"
assert client.load_prompt("prompts:/greet@latest").template == "Hi {{name}}"
client.set_prompt_alias("greet", "live", 1)
assert client.load_prompt("prompts:/greet@live").version == 1
assert [prompt.name for prompt in client.search_prompts()] == ["greet"]
assert "greet" not in [found.name for found in client.search_registered_models()]
client.delete_prompt_alias("greet", "live")
for number in ("1", "2"):
    client.delete_prompt_version("greet", number)
client.delete_prompt("greet")
print("prompts")

# -- webhooks
received = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        received.append((json.loads(body), self.headers["X-MLflow-Signature"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/hook"
webhook = client.create_webhook("told", address, ["model_version.created"], description="d", secret="s3cr3t")
assert (webhook.name, webhook.url, webhook.description, webhook.secret) == ("told", address, "d", None)
tested = client.test_webhook(webhook.webhook_id)
assert (tested.success, tested.response_status, tested.response_body) == (True, 200, "OK"), tested
client.create_model_version("fraud", "s3://models/fraud/3")
while len(received) < 2:
    time.sleep(0.01)
assert received[1][0]["data"]["version"] == "3" and received[1][1].startswith("v1,"), received
paused = client.update_webhook(webhook.webhook_id, status="DISABLED")
assert str(paused.status) == "DISABLED"
assert [one.name for one in client.list_webhooks()] == ["told"]
assert client.get_webhook(webhook.webhook_id).events == webhook.events
refused("INVALID_PARAMETER_VALUE", client.create_webhook, "a b", address, ["model_version.created"])
client.delete_webhook(webhook.webhook_id)
refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, webhook.webhook_id)
print("webhooks")
