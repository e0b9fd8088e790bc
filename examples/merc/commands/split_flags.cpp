#include "commands/split_flags.hpp"

namespace merc::commands {

SplitFlags::SplitFlags(CLI::App& app) : app_(app) {
  app.add_option("--four-way", arrangement_.four_way,
                 "IEMOCAP's six classes as four, excited and frustrated left out (drop) or excited as happy (merge)")
      ->check(CLI::IsMember(&four_way_names))
      ->type_name("drop|merge");
  test_session_ =
      app.add_option("--test-session", arrangement_.test_session, "split by session: this one, of IEMOCAP's 1 to 5, is test, every tenth of the other dialogs dev")
          ->check(CLI::Range(1, 9))
          ->type_name("SESSION");
}

void SplitFlags::add_folds() {
  app_.add_option("--folds", folds_, "cross-validation: train once for each session, which is test then, and pool the tests")
      ->check(CLI::IsMember({"session"}))
      ->type_name("session")
      ->excludes(test_session_);
}

std::vector<std::string> SplitFlags::words(const Arrangement& arrangement) {
  std::vector<std::string> words;
  if (!arrangement.four_way.empty()) words = {"--four-way", arrangement.four_way};
  if (arrangement.test_session != 0) words.insert(words.end(), {"--test-session", std::to_string(arrangement.test_session)});
  return words;
}

}  // namespace merc::commands
