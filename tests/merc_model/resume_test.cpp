#include "support/catch.hpp"

#include "tiny.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

/// What must not depend on where a run was stopped: everything but the time it took.
std::string without_times(std::vector<EpochRecord> records) {
  for (auto& record : records) record.seconds = 0;
  return nlohmann::json(records).dump();
}

Run stopping_after(const tiny::Folder& folder, int64_t epochs) {
  return {.folder = folder.path(), .resume = true, .stop = [epochs, asked = int64_t{0}]() mutable { return ++asked == epochs; }};
}

}  // namespace

TEST_CASE("a run that is stopped and resumed ends with the same bits", "[resume]") {
  const auto data = tiny::corpus();
  const auto config = tiny::config(Ablation::C);  // 4 epochs of stage 1, 6 of stage 2, mini-batches and memory banks in both
  tiny::Listener straight;
  const auto expected = tiny::run(data, config, straight);
  for (const int64_t stop : {1, 3, 4, 6, 7}) {
    const tiny::Folder folder("resume");
    tiny::Listener before, after;
    const auto stopped = tiny::run(data, config, before, stopping_after(folder, stop));
    REQUIRE(stopped.interrupted);
    CHECK(stopped.predictions.empty());
    CHECK(before.said("go on with --resume"));
    const auto resumed = tiny::run(data, config, after, {.folder = folder.path(), .resume = true});
    CHECK_FALSE(resumed.interrupted);
    CHECK(without_times(after.had) == without_times(before.records));
    CHECK(without_times(resumed.history) == without_times(expected.history));
    CHECK(resumed.best_epoch == expected.best_epoch);
    for (const auto* split : {"dev", "test"})
      CHECK(resumed.predictions.at(split).probabilities == expected.predictions.at(split).probabilities);
    CHECK(resumed.transfer->loaded == expected.transfer->loaded);
  }
}

TEST_CASE("a finished run is resumed by asking its weights again, and by more epochs", "[resume]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::B);
  const tiny::Folder folder("finished");
  tiny::Listener first, again, longer, straight;
  const Run run{.folder = folder.path(), .resume = true};
  const auto outcome = tiny::run(data, config, first, run);
  const auto same = tiny::run(data, config, again, run);
  CHECK(again.records.empty());
  CHECK(same.predictions.at("test").probabilities == outcome.predictions.at("test").probabilities);
  config.finetune.epochs = 9;
  const auto more = tiny::run(data, config, longer, run);
  CHECK(longer.records.size() == 3);
  const auto expected = tiny::run(data, config, straight);
  CHECK(more.predictions.at("test").probabilities == expected.predictions.at("test").probabilities);
  config.finetune.epochs = 8;
  CHECK_THROWS_AS(tiny::run(data, config, longer, run), UsageError);
  CHECK_THROWS_WITH(tiny::run(data, config, longer, run), Contains("state.pt: 9 epochs are done, `finetune.epochs` asks for 8"));
}

TEST_CASE("without resume a run begins anew", "[resume]") {
  const auto data = tiny::corpus();
  const auto config = tiny::config(Ablation::A);
  const tiny::Folder folder("anew");
  tiny::Listener first, second;
  tiny::run(data, config, first, stopping_after(folder, 2));
  tiny::run(data, config, second, {.folder = folder.path()});
  CHECK(second.had.empty());
  CHECK(second.records.size() == 6);
}

TEST_CASE("a state of other data or another configuration is refused by what differs", "[resume]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::B);
  const tiny::Folder folder("refused");
  tiny::Listener listener;
  tiny::run(data, config, listener, stopping_after(folder, 1));
  const Run run{.folder = folder.path(), .resume = true};

  auto other = data;
  other.fingerprint = "something-else";
  CHECK_THROWS_AS(tiny::run(other, config, listener, run), DataError);
  CHECK_THROWS_WITH(tiny::run(other, config, listener, run), Contains("other data (fingerprint fingerprint-1, --data has something-else)"));
  config.finetune.temperature = 0.2;
  CHECK_THROWS_AS(tiny::run(data, config, listener, run), UsageError);
  CHECK_THROWS_WITH(tiny::run(data, config, listener, run),
                    Contains("another configuration: `finetune.temperature` was 0.1, now it is 0.2"));
  config = tiny::config(Ablation::C);
  CHECK_THROWS_WITH(tiny::run(data, config, listener, run), Contains("`ablation` was \"B\", now it is \"C\""));
}

TEST_CASE("a damaged state is refused in one line", "[resume]") {
  const auto data = tiny::corpus();
  const auto config = tiny::config(Ablation::A);
  const tiny::Folder folder("damaged");
  tiny::Listener listener;
  tiny::run(data, config, listener, stopping_after(folder, 1));
  const auto path = folder.path() / "state.pt";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Run run{.folder = folder.path(), .resume = true};
  CHECK_THROWS_AS(tiny::run(data, config, listener, run), DataError);
  CHECK_THROWS_WITH(tiny::run(data, config, listener, run), Contains("state.pt: is damaged or no archive of idcl-merc"));
  std::ofstream(path, std::ios::trunc) << "hello";
  CHECK_THROWS_WITH(tiny::run(data, config, listener, run), Contains("state.pt: is damaged or no archive of idcl-merc (5 bytes)"));
}

TEST_CASE("a folder that cannot be written stops the run in one line and keeps what was there", "[resume]") {
  const auto data = tiny::corpus();
  const tiny::Folder folder("unwritable");
  std::filesystem::create_directories(folder.path() / "state.pt" / "in the way");
  tiny::Listener listener;
  CHECK_THROWS_AS(tiny::run(data, tiny::config(Ablation::A), listener, {.folder = folder.path()}), DataError);
  CHECK_THROWS_WITH(tiny::run(data, tiny::config(Ablation::A), listener, {.folder = folder.path()}),
                    Contains("state.pt: cannot be written"));
  CHECK(std::filesystem::exists(folder.path() / "state.pt" / "in the way"));
}
