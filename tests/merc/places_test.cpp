// Places where results cannot be: a disk that is full from any write on, a folder that may not be written, a folder in which another
// process writes. One line says so, and what stood there stands there.

#include "program.hpp"
#include "support/catch.hpp"

#include <cstring>

namespace {

using namespace program;
using Catch::Matchers::Contains;

/// A corpus, a run on it, and one call of each command that writes, all but its --out.
struct Writers {
  Scratch scratch;
  fs::path data = scratch / "i", trained = scratch / "trained";
  std::vector<Words> commands;

  Writers() {
    REQUIRE(run(tiny_synth(data)).status == 0);
    const auto train = Words{"train", "--data", data.string(), "--quiet"} + tiny_network;
    REQUIRE(run(train + Words{"--out", trained.string()}).status == 0);
    const Words run_and_data{"--run", trained.string(), "--data", data.string(), "--quiet"};
    commands = {Words{"synth", "--dialogs", "16", "--mean-length", "9", "--dims", "text=10,audio=6", "--quiet"},
                train,
                Words{"eval"} + run_and_data,
                Words{"embed"} + run_and_data,
                Words{"predict"} + run_and_data,
                Words{"report", trained.string(), "--quiet"},
                Words{"trajectories", "--data", data.string(), "--quiet"},
                Words{"ablate", "--data", data.string(), "--seeds", "2", "--quiet"} + tiny_network};
  }
};

/// Every file below a folder with what it holds; `.idcl-merc` marks a folder and holds nothing.
std::map<std::string, std::string> everything(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != ".idcl-merc")
      all[fs::relative(entry.path(), folder).string()] = content(entry.path());
  return all;
}

Result run_on_full_disk(const Words& words, int write) {
  return Process(Words{std::string("LD_PRELOAD=") + IDCL_KILL_AT_WRITE, "FULL_AT=write " + std::to_string(write), IDCL_MERC} + words,
                 "/usr/bin/env")
      .wait();
}

void check_one_line(const Result& result, const std::string& text) {
  INFO(result.err);
  CHECK(result.status == 1);
  CHECK(lines(result.err) == 1);
  CHECK_THAT(result.err, Contains(text));
}

/// Is the result one that can be gone on with, so that a part of it may stand where it is to be?
bool is_resumable(const Words& command) { return command[0] == "train" || command[0] == "ablate"; }

}  // namespace

TEST_CASE("a disk that is full from any write on: one line, nothing half-written, what stood there stays") {
  const Writers writers;
  for (const auto& command : writers.commands) {
    const Scratch place;
    const auto out = place / "out";
    const auto into = command + Words{"--out", out.string()};
    bool full = true;
    int write = 1;
    for (; full; write += 1 + write / 4) {
      INFO(command[0] << ", write " << write);
      const auto result = run_on_full_disk(into, write);
      full = result.status != 0;
      if (!full) break;  // there were fewer writes
      check_one_line(result, out.string());
      CHECK_THAT(result.err, Contains(std::strerror(ENOSPC)));
      for (const auto& [name, bytes] : everything(place / ".")) CHECK_THAT(name, !Contains(".partial."));
      if (is_resumable(command)) {
        CHECK(run(into + Words{"--resume"}).status == 0);
        fs::remove_all(out);
      } else {
        CHECK(everything(place / ".").empty());
      }
    }
    CHECK(write > 1);

    // Once more over a result that stands.
    fs::remove_all(out);
    REQUIRE(run(into).status == 0);
    const auto before = everything(out == place / "out" && fs::is_directory(out) ? out : place / ".");
    check_one_line(run_on_full_disk(into + Words{"--overwrite"}, 1), out.string());
    const auto kept = fs::exists(place / "out.previous") ? place / "out.previous" : fs::is_directory(out) ? out : place / ".";
    CHECK(everything(kept) == before);
  }
}

TEST_CASE("a folder that may not be written: one line and nothing else") {
  const Writers writers;
  const Scratch place;
  const auto closed = place / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  // Permissions do not bind the administrator, who becomes nobody for this. What nobody may not even start cannot be tried.
  const auto as_nobody = [](const Words& words) {
    return ::geteuid() == 0 ? Process(Words{"--reuid=65534", "--regid=65534", "--clear-groups", IDCL_MERC} + words, "setpriv").wait()
                            : run(words);
  };
  if (as_nobody({"inspect", writers.data.string()}).status != 0) {
    WARN("left out: the administrator cannot run the program as nobody here");
    return;
  }
  for (const auto& command : writers.commands) {
    INFO(command[0]);
    check_one_line(as_nobody(command + Words{"--out", (closed / "out").string()}), (closed / "out").string());
    CHECK(fs::is_empty(closed));
  }
}

TEST_CASE("two processes in one folder: the second says so, and the first ends as it would have") {
  const Writers writers;
  const auto out = writers.scratch / "shared";
  const auto train = Words{"train", "--data", writers.data.string(), "--out", out.string(), "--quiet"} + tiny_network;
  auto longer = train;
  *(std::find(longer.begin(), longer.end(), "--epochs") + 1) = "4000";
  Process first(longer + Words{"--save-seconds", "0"});
  REQUIRE(first.until([&] { return fs::exists(out / "metrics.jsonl") && lines(content(out / "metrics.jsonl")) > 2; }));
  for (const std::string how : {"--resume", "--overwrite"})
    check_one_line(run(train + Words{how}), out.string() + ": another process is writing there; wait for it or choose another --out");
  check_one_line(
      run({"embed", "--run", writers.trained.string(), "--data", writers.data.string(), "--out", out.string(), "--overwrite", "--quiet"}),
      "another process is writing there");
  CHECK_FALSE(fs::exists(writers.scratch / "shared.previous"));
  first.send(SIGINT);
  CHECK(first.wait().status == 130);
  CHECK(lines(content(out / "metrics.jsonl")) > 2);
  CHECK(run(train + Words{"--overwrite"}).status == 0);  // the lock went with its process
  CHECK(fs::exists(out / "results.json"));
}
