#include "predict.hpp"

#include "data/corpus.hpp"

#include <ATen/Context.h>
#include <ATen/Functions.h>

#include <algorithm>

namespace merc {

std::vector<Batch> evaluation_batches(const std::vector<const Dialog*>& dialogs, const NetworkOptions& network, torch::Device device) {
  constexpr size_t at_once = 64;  // dialogs
  std::vector<Batch> batches;
  for (auto rest = std::span(dialogs); !rest.empty(); rest = rest.subspan(std::min(at_once, rest.size())))
    batches.push_back(
        make_batch(rest.first(std::min(at_once, rest.size())), network.architecture.modalities, Pooling::Masked, network.speaker_names)
            .to(device));
  return batches;
}

Predictions predict(NetworkImpl& network, const std::vector<Batch>& batches) {
  const at::NoGradGuard no_grad;
  auto dropout = Dropout::none();
  Predictions result;
  result.classes = static_cast<int>(network.options.classes);
  const auto classes = static_cast<size_t>(result.classes);
  double total = 0;
  int64_t labelled = 0;
  for (const auto& batch : batches) {
    const auto log_probabilities = at::log_softmax(network.logits(network.encode(batch, dropout)).to(at::kDouble), 1).cpu().contiguous();
    const auto labels = batch.labels.cpu().contiguous();
    const auto* log_p = log_probabilities.const_data_ptr<double>();
    for (int64_t row = 0; row < labels.numel(); ++row, log_p += classes) {
      const auto label = labels.const_data_ptr<int64_t>()[row];
      result.truth.push_back(static_cast<int>(label));
      result.predicted.push_back(static_cast<int>(std::max_element(log_p, log_p + classes) - log_p));
      for (size_t c = 0; c < classes; ++c) result.probabilities.push_back(static_cast<float>(std::exp(log_p[c])));
      if (label < 0) continue;
      total -= log_p[label];
      ++labelled;
    }
  }
  result.loss = labelled > 0 ? total / static_cast<double>(labelled) : 0;
  return result;
}

torch::Device device_of(const std::string& name) {
  const auto device = [&] {
    try {
      return torch::Device(name);
    } catch (const c10::Error&) {
      throw UsageError("config: expected `device` to be cpu, cuda or cuda:N, but got \"" + name + "\"");
    }
  }();
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) throw UsageError("config: expected `device` to be cpu, cuda or cuda:N, but got \"" + name + "\"");
  const auto devices = at::globalContext().hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0;
  if (std::max<int>(0, device.index()) >= devices)
    throw UsageError("config: `device` is " + name + ", but this LibTorch sees " +
                     (devices == 0 ? std::string("no CUDA device") : std::to_string(devices) + " CUDA devices") + "; take --device cpu");
  return device;
}

}  // namespace merc
