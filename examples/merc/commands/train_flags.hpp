#pragma once

#include "commands/split_flags.hpp"
#include "data/corpus.hpp"
#include "report/output_folder.hpp"
#include "report/results.hpp"
#include "train/config.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace merc::commands {

/// The small network and the settings of scripts/demo.sh: made for the synthetic corpora, minutes on two cores.
Config demo_preset();

/// Flags without dashes, and their values as somebody would type them; a list by +.
using Assignments = std::vector<std::pair<std::string, std::string>>;

/// The flags that train, ablate and sweep share: every field of Config is one of them.
class TrainFlags {
 public:
  explicit TrainFlags(CLI::App& app);

  /// The preset with what was said on top, and `more` on top of that; "ablation" is a flag there. Throws UsageError for what makes no
  /// sense.
  Config config(const Assignments& more) const;

  /// The default of a flag, "ablation" too, as JSON. Throws UsageError that names the flag that was meant.
  static nlohmann::json standard(const std::string& flag);

  /// The words that make `config` out of the defaults, to the last digit: "--ablation", "B", "--seed", "3".
  static std::vector<std::string> words(const Config& config);

  /// A, B or C: what was asked for; where nothing was, C if there is something to pre-train on, else B. Throws UsageError for C without it.
  std::string setting(const std::string& asked) const;

  /// The seed that was asked for; needs no configuration that makes sense.
  uint64_t seed() const { return asked().at("seed"); }

  /// Whether a flag was said, here or in the config file.
  bool said(const std::string& flag) const { return app_.get_option("--" + flag)->count() > 0; }

  Existing existing() const;
  bool quiet() const { return quiet_ || json_; }
  bool json() const { return json_; }
  const std::string& out() const { return out_; }
  const std::string& data() const { return data_; }
  const std::string& pretrain_data() const { return pretrain_data_; }
  const SplitFlags& splits() const { return splits_; }

 private:
  nlohmann::json asked() const;  ///< the preset with what was said on top
  void add(const std::string& flag, const std::string& pointer, const std::string& help, std::vector<std::string> choices);

  CLI::App& app_;
  SplitFlags splits_;
  std::string preset_ = "default";
  std::string data_, pretrain_data_, out_;
  bool resume_ = false, overwrite_ = false, quiet_ = false, json_ = false;
  std::map<std::string, nlohmann::json> said_;  ///< JSON pointer into Config -> value
};

}  // namespace merc::commands
