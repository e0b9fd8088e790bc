#include "report/progress.hpp"
#include "support/catch.hpp"

#include <unistd.h>

#include <sstream>

using Catch::Matchers::Contains;

TEST_CASE("a bar says how long an epoch takes and how long is left, where a terminal of 80 columns shows it") {
  const auto folder = std::filesystem::temp_directory_path() / ("idcl_merc_progress_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ostringstream out;
  {
    merc::Progress progress("train", merc::Verbosity::Bar, folder / "metrics.jsonl", out);
    progress.epoch({.stage = "finetune", .epoch = 1, .epochs = 200, .loss = 1.5, .idcl_gradient_ratio = 0.03, .seconds = 2.5});
    progress.epoch({.stage = "finetune", .epoch = 2, .epochs = 200, .loss = 1.25, .idcl_gradient_ratio = 0.03, .seconds = 2.5});
  }
  std::filesystem::remove_all(folder);
  const auto text = out.str();
  const auto begin = text.find("2/200");
  REQUIRE(begin != std::string::npos);
  const auto line = text.substr(text.rfind('\r', begin) + 1, text.find("\033[K", begin) - text.rfind('\r', begin) - 1);
  CHECK(line.size() < 80);
  CHECK_THAT(line, Contains("train  finetune [") && Contains("2.5 s an epoch") && Contains(" left"));
  CHECK(text.ends_with("\r\033[K"));
}

TEST_CASE("what goes to a file or a pipe has no control characters, and quiet says nothing") {
  const auto folder = std::filesystem::temp_directory_path() / ("idcl_merc_progress_" + std::to_string(::getpid()));
  for (const auto verbosity : {merc::Verbosity::Lines, merc::Verbosity::Quiet}) {
    std::filesystem::create_directories(folder);
    std::ostringstream out;
    {
      merc::Progress progress("train", verbosity, folder / "metrics.jsonl", out);
      progress.note("a note");
      progress.epoch({.stage = "finetune", .epoch = 1, .epochs = 1, .loss = 1.5});
    }
    std::filesystem::remove_all(folder);
    CHECK(out.str() == (verbosity == merc::Verbosity::Quiet ? "" : "train  a note\ntrain  finetune 1/1  loss 1.5000\n"));
  }
}
