# SPDX-License-Identifier: GPL-2.0
#
# For lkp-tests' programs/kselftests/parse, beside its other Staters: the metrics
# of proc_mmap_latency, as proc.proc_mmap_latency.SCENARIO.METRIC.
class ProcStater < Stater
  def stat(line)
    case line
    when /^# # (\w+)\.(ratio|hangs|victim\.(?:mean|max|p[\d.]+)): ([\d.]+) \S+$/
      stats.add test_name(@test_dir, @test_script, $1, $2.tr('.', '_')), $3.to_f
    else
      super
    end
  end
end
