#include "remarks.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace merc {

std::string remark_on_neighbors(const Stage& stage, bool limit_neighbors, int64_t dialogs) {
  if (stage.contrastive != Contrastive::Idcl || stage.contrast_on == ContrastOn::Utterance) return "";
  const auto batch = stage.batch_size == 0 ? dialogs : std::min(stage.batch_size, dialogs);
  const auto others = batch + std::min(stage.memory_bank, stage.memory_bank_unique ? dialogs - batch : dialogs) - 1;
  if (stage.num_neighbors * 2 <= others) return "";
  const auto head = "K = " + std::to_string(stage.num_neighbors) + " of " + std::to_string(others) + " other dialogs";
  if (limit_neighbors) return head + "; limited to " + std::to_string(std::max<int64_t>(1, others / 2)) + " so that negatives remain";
  return stage.num_neighbors >= others ? head + ": no negative is left, the contrastive term is constant" : "";
}

std::vector<std::string> remarks_on_scale(NetworkImpl& network, std::vector<const Dialog*> dialogs, torch::Device device) {
  const at::NoGradGuard no_grad;
  dialogs.resize(std::min<size_t>(dialogs.size(), 8));
  const auto& modalities = network.options.architecture.modalities;
  const auto scales = network.input_scales(make_batch(dialogs, modalities, Pooling::Masked).to(device));
  std::vector<std::string> lines;
  for (size_t i = 0; i < scales.size(); ++i) {
    std::ostringstream line;
    line << modalities[i] << ": projected features have " << std::setprecision(2) << scales[i] << " times the size of the position code";
    if (scales[i] < 0.1) line << "; they may drown in it, consider scaling them";
    lines.push_back(line.str());
  }
  return lines;
}

}  // namespace merc
